import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { logNormal, logUniform, nthStream, poissonGap } from '../../simulation/draw.ts';
import { nodeSettings, type Remedies } from '../settings.ts';
import { Cluster, type ClusterSetup } from './cluster.ts';
import type { Parameters } from './parameters.ts';
import { Tally } from './tally.ts';

/** What is drawn, each from a generator of its own; from the last on, one for each node's driver. */
const STREAMS = ['bursts', 'jobs', 'admissions', 'starts', 'placement', 'drivers'] as const;

const HOUR_MS = 3_600_000;

/** A week, or as long as the parameters say, of one cluster under these remedies. The same bursts come whatever they are. */
export function weekOf(parameters: Parameters, remedies: Remedies): Tally {
  const { days, load, seed, warmUp } = parameters;
  const stream = (name: (typeof STREAMS)[number], more = 0) => nthStream(seed, STREAMS.indexOf(name) + more);
  const untilMs = warmUp + 24 * days * HOUR_MS;
  const tally = new Tally(warmUp, untilMs);
  const streams = { placement: stream('placement'), driver: (node: number) => stream('drivers', node) };
  const cluster = new Cluster(setupOf(parameters, remedies), streams, tally);
  const [bursts, jobs] = [stream('bursts'), stream('jobs')];
  const [admissions, starts] = [stream('admissions'), stream('starts')];
  const perHour = burstsPerHour(parameters);
  for (let at = poissonGap(perHour, bursts); at < untilMs; at += poissonGap(perHour, bursts)) {
    cluster.runUntil(at);
    tally.burst(at);
    const tenant = uniformInt(jobs, 0, load.tenants - 1);
    for (let count = jobsOf(parameters, jobs); count > 0; count -= 1) {
      const holdsMs = logUniform(load.lasts, jobs);
      for (let replica = 0; replica < load.replicas; replica += 1)
        cluster.create({
          tenant,
          holdsMs,
          admissionMs: logNormal(parameters.kubelet.admission, admissions),
          startMs: logNormal(parameters.kubelet.start, starts),
        });
    }
  }
  cluster.runUntil(untilMs);
  tally.close(untilMs, cluster.waiting);
  return tally;
}

/** The cluster that a plan's nodes would make, with these remedies. */
export function setupOf(parameters: Parameters, remedies: Remedies): ClusterSetup {
  const { backOff, driver, gpusPerNode, load, nodes, quotaShare, scheduler } = parameters;
  const slots = remedies.jobCap === false ? gpusPerNode : Math.min(remedies.jobCap, gpusPerNode);
  const quota =
    remedies.quota === 'auto' ? Math.max(1, Math.floor(quotaShare * slots * nodes)) : remedies.quota;
  const settings = {
    gpusPerNode,
    bindLatency: [driver.latency.least, driver.latency.most] as [number, number],
    defect: 'none' as const,
  };
  return {
    nodes,
    slots,
    quota: quota === false ? Number.POSITIVE_INFINITY : quota,
    tenants: load.tenants,
    initGate: remedies.initGate,
    knobs: { ...nodeSettings(settings, remedies, parameters.seed), lockMs: driver.lock },
    late: driver.late,
    placement: scheduler.placement,
    perPodMs: scheduler.perPod,
    backOffMs: backOff,
  };
}

/** So many that the GPUs offered for are held, if none has to wait. */
function burstsPerHour({ gpusPerNode, load, nodes }: Parameters): number {
  const hours = meanLogUniform(load.lasts) / HOUR_MS;
  return (load.offered * nodes * gpusPerNode) / (meanLogUniformInt(load.jobs) * load.replicas * hours);
}

/** From the range, each as often as the logarithm of the next over it says. */
function jobsOf({ load }: Parameters, random: RandomGenerator): number {
  const { least, most } = load.jobs;
  return Math.min(most, Math.floor(logUniform({ least, most: most + 1 }, random)));
}

function meanLogUniform({ least, most }: { least: number; most: number }): number {
  return most === least ? least : (most - least) / Math.log(most / least);
}

function meanLogUniformInt({ least, most }: { least: number; most: number }): number {
  let mean = 0;
  for (let count = least; count <= most; count += 1) mean += count * Math.log((count + 1) / count);
  return mean / Math.log((most + 1) / least);
}
