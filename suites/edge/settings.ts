import { z } from 'zod';
import { planInvalid } from '../../harness/plan/load.ts';
import { Duration, type Plan, type SuitePlan } from '../../harness/plan/schema.ts';
import type { Level, Profile } from '../../harness/verdict/verdict.ts';
import { partOf, resolvePart } from '../plan-part.ts';

export const SUITE = 'edge';

/** The incident's remedies, each a switch. `leave`: whatever the link has is left as it is. */
export const Remedies = z.strictObject({
  /** TX checksum offload of the edges' NICs off, and off again after a restart of the tunnel. */
  offloadOff: z.union([z.boolean(), z.literal('leave')]),
  /** WireGuard's persistent keepalive at both ends, in seconds. The remedy: 20. */
  keepalive: z.union([z.int().min(1), z.literal(false), z.literal('leave')]),
  /** livenessProbe (TCP on the MQTT port) and readinessProbe (HTTP) of the collector. */
  probes: z.boolean(),
  /** Restarts a deaf tunnel, and raises an Event and a webhook's alert. */
  watchdog: z.boolean(),
  /** Messages that the publisher holds while it has no connection. */
  offlineStore: z.union([z.int().min(1), z.literal(false)]),
});
export type Remedies = z.infer<typeof Remedies>;

export const EdgeSettings = z
  .strictObject({
    /** Workers that are edge nodes, each with a link of its own. */
    nodes: z.int().min(1),
    broker: z.enum(['aedes', 'mosquitto']),
    /** 4: MQTT 3.1.1, 5: MQTT 5, which aedes does not speak. */
    protocol: z.literal([4, 5]),
    qos: z.literal([0, 1, 2]),
    /** Measurements that each publisher makes in a second. */
    rate: z.number().positive(),
    /** Measurements that are wanted in all. */
    messages: z.int().min(0),
    /** Unacknowledged at the broker's door, a publisher. */
    inFlight: z.int().min(1),
    /** MQTT's, in whole seconds: a dead connection is noticed after 1.5 of them. */
    mqttKeepaliveSeconds: z.int().min(1),
    mqttConnectTimeout: Duration,
    mqttReconnect: Duration,
    /** How long the broker keeps an MQTT 5 session, in seconds. */
    sessionExpirySeconds: z.int().min(0),
    /** A message longer on its way arrived late. */
    lateAfter: Duration,
    /** What counts as published: all that was measured, or what the broker acknowledged. */
    lossOf: z.enum(['attempted', 'acknowledged']),
    probeInterval: Duration,
    /** A probe without its answer after so long is lost. */
    probeTimeout: Duration,
    /** A silence of at least so long is a disconnect. */
    disconnectAfter: Duration,
    sampleInterval: Duration,
    /** How long the cloud's program may take to listen, and a collector before the kubelet restarts it. */
    startSeconds: z.int().min(1),
    readinessPeriodSeconds: z.int().min(1),
    readinessFailures: z.int().min(1),
    watchdogDeafAfter: Duration,
    watchdogBackOff: Duration,
    watchdogBackOffMost: Duration,
    /** How long pods and tunnels may take to be well before anything is broken. */
    steadyDeadline: Duration,
    /** How long, after the last fault, tunnels may take to be well and messages to arrive. */
    settleDeadline: Duration,
  })
  .refine(({ broker, protocol }) => broker !== 'aedes' || protocol === 4, {
    path: ['protocol'],
    error: 'expected 4 with the broker aedes, which speaks MQTT 3.1.1',
  });
export type EdgeSettings = z.infer<typeof EdgeSettings>;

const REMEDIES: Record<Profile, Remedies> = {
  incident: { offloadOff: false, keepalive: false, probes: false, watchdog: false, offlineStore: false },
  hardened: { offloadOff: true, keepalive: 20, probes: true, watchdog: true, offlineStore: 10_000 },
  'as-is': { offloadOff: 'leave', keepalive: 'leave', probes: true, watchdog: false, offlineStore: 10_000 },
};

/** A profile's remedies. */
export function remediesOf(profile: Profile): Remedies {
  return REMEDIES[profile];
}

/** The release level's are the 30,000 that the incident's "< 0.1 %" was claimed with. */
const LOAD: Record<Level, { rate: number; messages: number }> = {
  smoke: { rate: 20, messages: 200 },
  standard: { rate: 50, messages: 1_500 },
  release: { rate: 200, messages: 30_000 },
};
/**
 * A user-mode-Linux guest has one processor, on which a system call takes 0.1 to 0.3 ms: two links with 10 messages and 20
 * probes a second each kept it busy without a pause, and nothing in it came in time.
 */
const GUEST_LOAD: typeof LOAD = {
  smoke: { rate: 5, messages: 100 },
  standard: { rate: 10, messages: 1_000 },
  release: { rate: 50, messages: 30_000 },
};
const GUEST_PROBE_INTERVAL = 250;
const GUEST_WORKERS = 1;
/** The incident's plant had five edge nodes. */
const WORKERS: Record<Level, number> = { smoke: 3, standard: 3, release: 5 };

function defaultsOf(plan: Plan): EdgeSettings {
  const { cluster, level } = plan;
  const real = cluster.provider !== 'embedded';
  const guest = inGuest(plan);
  const workers = workersOf(plan);
  return {
    nodes: nodesOf(plan, workers),
    broker: 'aedes',
    protocol: 4,
    qos: 1,
    ...(guest ? GUEST_LOAD : LOAD)[level],
    inFlight: 20,
    mqttKeepaliveSeconds: 2,
    mqttConnectTimeout: 2_000,
    mqttReconnect: 500,
    sessionExpirySeconds: 3_600,
    lateAfter: 2_000,
    lossOf: 'attempted',
    // A measured disconnect is off by up to an interval: at 25 ms it stays within 50 also where a probe comes late.
    probeInterval: guest ? GUEST_PROBE_INTERVAL : 25,
    // Where one machine runs it all, an answer may be late for want of a processor alone.
    probeTimeout: 2_000,
    disconnectAfter: 1_000,
    sampleInterval: 500,
    startSeconds: guest ? 120 : 20,
    readinessPeriodSeconds: 1,
    readinessFailures: 1,
    // A restart loses the session, and its handshake is tried every 5 s: sooner, and a cut that would have ended by itself
    // lasts longer for it; later, and a tunnel that needs the restart is not back within the ten seconds.
    watchdogDeafAfter: 8_000,
    watchdogBackOff: 1_000,
    watchdogBackOffMost: 30_000,
    steadyDeadline: guest ? 180_000 : real ? 120_000 : 30_000,
    settleDeadline: real || guest ? 60_000 : 20_000,
  };
}

/**
 * Another suite may want many more workers than a plant has edge nodes. Of the nodes of someone's cluster that a plan names
 * one is the cloud; where it names none, there is one edge.
 */
function nodesOf({ cluster, level, suites }: Plan, workers: number): number {
  if (cluster.provider === 'existing') return Math.max(1, (cluster.nodes?.length ?? 2) - 1);
  return suites.length > 1 ? Math.min(workers, WORKERS[level]) : workers;
}

function workersOf(plan: Plan): number {
  const { cluster, level } = plan;
  if (cluster.workers !== undefined) return cluster.workers;
  if (cluster.provider === 'existing') return cluster.nodes?.length ?? 2;
  if (cluster.provider === 'k3s') return WORKERS.release;
  return inGuest(plan) ? GUEST_WORKERS : WORKERS[level];
}

/** Whether a plan’s whole run is in a user-mode-Linux guest. */
export function inGuest({ cluster }: Plan): boolean {
  return cluster.provider === 'embedded' && cluster.isolation === 'uml';
}

/** The suite's part of a resolved plan. */
export function settingsOf(plan: Plan): {
  settings: EdgeSettings;
  remedies: Remedies;
  faults: SuitePlan['faults'];
} {
  const { part } = partOf(plan, SUITE);
  return {
    settings: EdgeSettings.parse(part.settings),
    remedies: Remedies.parse(part.remedies),
    faults: part.faults,
  };
}

/** @throws OrdealError PLAN_INVALID (exit 3) with every path. */
export function resolve(plan: Plan): Plan {
  const resolved = resolvePart(plan, SUITE, {
    settings: { schema: EdgeSettings, defaults: defaultsOf(plan) },
    remedies: { schema: Remedies, defaults: () => remediesOf(plan.profile) },
    workers: workersOf(plan),
  });
  if (plan.cluster.provider === 'existing') refuseChanges(resolved);
  if (plan.cluster.provider !== 'k3s') return resolved;
  return { ...resolved, cluster: { ...resolved.cluster, tunnel: true } };
}

/** The links of someone's cluster are taken as they are, and looked at from where the command is called. */
function refuseChanges(plan: Plan): void {
  const { cluster, profile } = plan;
  const { index } = partOf(plan, SUITE);
  const { remedies } = settingsOf(plan);
  const wrong: [path: string, expected: string][] = [];
  if (profile !== 'as-is') wrong.push(['profile', 'as-is']);
  for (const name of ['offloadOff', 'keepalive'] as const)
    if (remedies[name] !== 'leave') wrong.push([`suites.${index}.remedies.${name}`, 'leave']);
  if (remedies.watchdog) wrong.push([`suites.${index}.remedies.watchdog`, 'false']);
  const mistakes = wrong.map(([path, expected]) => ({
    path,
    message: `expected ${expected}, for the links of a cluster that is someone’s are not the harness’s`,
  }));
  if (cluster.isolation !== 'auto') {
    const message = `expected auto, for the nodes of a cluster that is someone’s are kept apart already`;
    mistakes.push({ path: 'cluster.isolation', message });
  }
  if (cluster.inCluster) {
    const message = 'suite edge is conducted from outside of the cluster';
    mistakes.push({ path: 'cluster.inCluster', message });
  }
  if (mistakes.length > 0) throw planInvalid(`checking the plan of suite ${SUITE}`, mistakes);
}

export const READINESS_TIMEOUT_SECONDS = 1;
/** From a probe's answer to the pod's status at the API server and in the history. */
const STATUS_MS = 500;

/** How long the orchestrator may take to notice that a collector is cut off: what its own timers add up to, in ms. */
export function noticeBudgetMs(settings: EdgeSettings): number {
  const { mqttKeepaliveSeconds, readinessFailures, readinessPeriodSeconds } = settings;
  const disconnected = 1.5 * mqttKeepaliveSeconds;
  const unready = readinessFailures * readinessPeriodSeconds + READINESS_TIMEOUT_SECONDS;
  return (disconnected + unready) * 1_000 + STATUS_MS;
}
