import { z } from 'zod';
import { followLedgers } from '../clusters/gpu-node/follow.ts';
import { GpuNodeSettings } from '../clusters/gpu-node/settings.ts';
import { isProxied } from '../clusters/plugin-proxy/injection.ts';
import type { Cluster, ClusterNode } from '../clusters/port.ts';
import { EXIT, OrdealError } from '../harness/errors/error.ts';
import type { History } from '../harness/history/event.ts';
import { memoryRecorder } from '../harness/history/writer.ts';
import { mistakesOf } from '../harness/plan/document.ts';
import { planInvalid } from '../harness/plan/load.ts';
import { Duration } from '../harness/plan/schema.ts';
import type { RunContext } from '../harness/run/ports.ts';
import { CATALOGUE } from './catalogue.ts';
import { allocatableOn } from './gpu/allocatable.ts';
import { bindDelay } from './gpu/bind-delay.ts';
import { DeviceUnhealthyWith, deviceUnhealthy } from './gpu/device-unhealthy.ts';
import { haveGpuNodes } from './gpu/have-gpu-nodes.ts';
import { PluginDelayWith, pluginDelay } from './gpu/plugin-delay.ts';
import { PluginDuplicateWith, pluginDuplicate } from './gpu/plugin-duplicate.ts';
import { PluginErrorWith, pluginError } from './gpu/plugin-error.ts';
import { PluginHangWith, pluginHang } from './gpu/plugin-hang.ts';
import { PluginRestartWith, pluginRestart } from './gpu/plugin-restart.ts';
import { PluginStreamLostWith, pluginStreamLost } from './gpu/plugin-stream-lost.ts';
import type { ProxiedAt } from './gpu/proxied-plugin.ts';
import { HAND_RUN } from './journal.ts';
import type { Fault } from './port.ts';
import { FaultKeeper } from './wrapper.ts';

export interface HandFault {
  kind: string;
  /** As a plan has it in a fault’s `with`. */
  with: Record<string, unknown>;
  /** Nodes, outright. */
  targets: readonly string[];
  ttlMs: number;
}

/**
 * How much later than the TTL the dead-man heals, whatever it hears: where the command lives, its own heal comes first, and the
 * two do not heal at once. It counts from before a proxy is put on somebody's node, and a fault has a minute to be gone.
 */
const GRACE_MS = 90_000;

/** What is injected by hand acts on nodes alone, one kind at a time. */
const MAKERS: Readonly<Record<string, Maker>> = {
  'gpu/bind-delay': maker(
    z.strictObject({ extra: Duration }),
    Number.POSITIVE_INFINITY,
    (id, wanted, nodes, gpu) => bindDelay(id, wanted.extra, 0, nodes, gpu.resource),
  ),
  'gpu/plugin-restart': maker(PluginRestartWith, 1, (id, wanted, [node], gpu) =>
    pluginRestart(id, wanted, node, gpu.resource, gpu.gpus),
  ),
  'gpu/device-unhealthy': maker(DeviceUnhealthyWith, 1, (id, wanted, [node], gpu) =>
    deviceUnhealthy(id, wanted, node, gpu.resource, gpu.gpus),
  ),
  'gpu/plugin-delay': proxied(PluginDelayWith, pluginDelay),
  'gpu/plugin-error': proxied(PluginErrorWith, pluginError),
  'gpu/plugin-hang': proxied(PluginHangWith, pluginHang),
  'gpu/plugin-duplicate': proxied(PluginDuplicateWith, pluginDuplicate),
  'gpu/plugin-stream-lost': proxied(PluginStreamLostWith, pluginStreamLost),
};

interface Gpu {
  resource: string;
  /** On each node. */
  gpus: number;
}
type Nodes = readonly [ClusterNode, ...ClusterNode[]];
interface Maker<With = never> {
  schema: z.ZodType<With>;
  mostNodes: number;
  make(id: string, wanted: With, nodes: Nodes, gpu: Gpu): Fault;
}

function maker<With>(schema: z.ZodType<With>, mostNodes: number, make: Maker<With>['make']): Maker {
  return { schema, mostNodes, make } as unknown as Maker;
}

/** Of one node's plugin; whether it is back is asked by a pod in the namespace that every cluster has. */
function proxied<With>(
  schema: z.ZodType<With>,
  make: (id: string, wanted: With, at: ProxiedAt) => Fault,
): Maker {
  return maker(schema, 1, (id, wanted, [node]) => make(id, wanted, { node, namespace: 'default' }));
}

/**
 * What is wrong with it, before any cluster is asked.
 * @param provider whose cluster it is to be
 * @throws OrdealError FAULT_NOT_BY_HAND, PLAN_INVALID (exit 3)
 */
export function checkByHand({ kind, targets, with: parameters }: HandFault, provider: string): void {
  const made = makerOf(kind);
  if (provider === 'existing' && !isProxied(kind)) throw notOnSomeones(kind);
  const parsed = made.schema.safeParse(parameters);
  const mistakes = parsed.success ? [] : mistakesOf(parsed.error, ['--with']);
  if (targets.length === 0 || targets.length > made.mostNodes) {
    const expected = made.mostNodes === 1 ? 'one node' : 'a node at least';
    mistakes.push({ path: '--target', message: `expected ${expected}, got ${targets.length}` });
  }
  if (new Set(targets).size < targets.length)
    mistakes.push({ path: '--target', message: 'names a node twice' });
  if (mistakes.length > 0) throw planInvalid(`reading the fault ${kind}`, mistakes);
}

/** Whether the cluster has what is to be broken. @throws OrdealError TARGET_UNKNOWN (exit 3) */
export function checkTargets({ targets }: HandFault, cluster: Cluster): void {
  for (const target of targets) nodeOf(cluster, target);
}

/**
 * Holds one fault on named nodes of a cluster that is up until its TTL is over or the context’s signal comes; in the same
 * wrapper, journal and dead-man as in a run. Where no fake GPU node runs, it is started for as long.
 * @returns the history of it
 * @throws OrdealError TARGET_UNKNOWN (exit 3), BLAST_RADIUS, and what the wrapper throws.
 */
export async function holdByHand(wanted: HandFault, context: RunContext, cluster: Cluster): Promise<History> {
  const { clock, progress, signal, undo } = context;
  const { kind, targets, ttlMs } = wanted;
  const nodes = targets.map((name) => nodeOf(cluster, name)) as unknown as Nodes;
  const runId = `${HAND_RUN}${context.runId}`;
  const recorder = memoryRecorder(clock);
  const { resource } = GpuNodeSettings.parse({});
  await haveGpuNodes(cluster, nodes, resource, context);
  const follower = followLedgers(nodes, recorder, { clock });
  undo.push('stop following the ledgers', () => follower.stop());
  const gpus = await allocatableOn(cluster.kube, nodes[0].name, resource);
  const { make, schema } = makerOf(kind);
  // Of this process alone: what a killed one has left goes by the name that it gave it, and so does what heals it.
  const id = `${kind.slice(kind.indexOf('/') + 1)}-${process.pid}`;
  const fault = make(id, schema.parse(wanted.with), nodes, { resource, gpus });
  const radius = {
    ...{ nodes: [...targets], mostNodes: targets.length, mostShare: 100 },
    ...{ interfaces: [], namespaces: [], resources: [...fault.reach.resources], hostNetwork: false },
  };
  const deadlineWall = clock.wall() + ttlMs + GRACE_MS;
  const keeper = new FaultKeeper({ cluster, recorder, clock, signal, runId, deadlineWall, radius });
  const work = async () => {
    progress(`${kind} is held on ${targets.join(', ')} for ${ttlMs / 1_000} s; Ctrl-C heals it at once`);
    await clock.sleep(ttlMs, signal).catch(() => undefined);
  };
  // What has not bitten by then has not bitten: nothing is held beyond its TTL.
  await keeper.hold(fault, work, { biteDeadlineMs: 0 });
  return recorder.events;
}

function makerOf(kind: string): Maker {
  const made = MAKERS[kind];
  if (made) return made;
  const known = CATALOGUE.some((each) => each.kind === kind);
  throw new OrdealError({
    code: 'FAULT_NOT_BY_HAND',
    exit: EXIT.usage,
    tried: `injecting ${kind} by hand`,
    seen: known
      ? 'it needs what a run makes: links between edge nodes and cloud, which go with the run’s process, or a namespace of its own, which has no dead-man'
      : 'there is no such kind',
    todo: `inject one of ${Object.keys(MAKERS).join(', ')}; schedule the others in a plan`,
  });
}

function notOnSomeones(kind: string): OrdealError {
  return new OrdealError({
    code: 'FAULT_NOT_BY_HAND',
    exit: EXIT.usage,
    tried: `injecting ${kind} by hand on a cluster that is someone’s`,
    seen: 'it is the fake GPU node’s, and none is put beside the GPUs that are there',
    todo: `inject one of ${Object.keys(MAKERS).filter(isProxied).join(', ')}`,
  });
}

function nodeOf({ name: cluster, nodes }: Cluster, target: string): ClusterNode {
  const node = nodes.find(({ name }) => name === target);
  if (node) return node;
  throw new OrdealError({
    code: 'TARGET_UNKNOWN',
    exit: EXIT.usage,
    tried: `finding the target ${target}`,
    seen: `the cluster ${cluster} has ${nodes.map(({ name }) => name).join(', ')}`,
    todo: 'name one of its nodes with --target',
  });
}
