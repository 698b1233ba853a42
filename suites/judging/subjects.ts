import type { History } from '../../harness/history/event.ts';
import { Plan } from '../../harness/plan/schema.ts';
import type { JudgedSuite } from '../../harness/verdict/judge.ts';
import { requirements as edgeRequirements } from '../edge/requirements.ts';
import { resolve as resolveEdge } from '../edge/settings.ts';
import { FAULT as EDGE_FAULT } from '../edge/testing/whole-day.ts';
import { gpuSuite } from '../gpu/suite.ts';
import { edgeDay } from '../healthy/edge-day.ts';
import { GPU_FAULT, gpuRun } from '../healthy/gpu-run.ts';
import type { Periodic } from './periodic.ts';

/** A suite whose judgement is measured, and the run that is judged: sound, and as long as one likes. */
interface Subject {
  suite: JudgedSuite;
  plan: Plan;
  run(): Periodic;
}

const GPUS = 8;
const CAP = 6;
const LOOKS = 3;
const LOOK_MS = 400;

/** Waves of Jobs on five nodes. */
const gpu: Subject = {
  suite: {
    name: 'gpu',
    requirements: gpuSuite.requirements,
    scheduledFaults: () => [GPU_FAULT],
  },
  plan: gpuSuite.resolve(
    Plan.parse({
      level: 'smoke',
      suites: [
        {
          name: 'gpu',
          settings: {
            ...{ gpusPerNode: GPUS, exporter: false, hold: LOOK_MS * (LOOKS - 1), probeInterval: LOOK_MS },
          },
        },
      ],
      requirements: { 'GPU-7': { threshold: CAP } },
    }),
  ),
  run() {
    const nodes = ['w1', 'w2', 'w3', 'w4', 'w5'];
    const of = (waves: number) =>
      gpuRun({
        ...{
          nodes,
          namespace: 'n',
          resource: 'nvidia.com/gpu',
          devices: nodes.map(() => GPUS),
          cap: CAP,
          waves,
        },
        ...{ gpusPerPod: 1, looks: LOOKS, lookMs: LOOK_MS, awayMs: 5_000, bystanders: 0 },
        ...{ bindMs: () => 20, startMs: () => 200, lateMs: () => 10, clockMs: () => 0 },
      });
    // The fault bites after the first wave.
    const [once, twice] = [of(2), of(3)];
    const wave = (history: History, number: number) =>
      history.findIndex(
        ({ body, type }) => type === 'job.created' && (body as { job: string }).job === `job-${number}`,
      );
    const end = (history: History) => history.findIndex(({ type }) => type === 'fault.healing');
    return { once, twice, from: wave(once, 1), toOnce: end(once), toTwice: end(twice) };
  },
};

const PERIOD_S = 4;
/** After the cut, and before the end. */
const STEADY_MS = 40_000;

/** Five edge nodes of which one was cut off for some seconds, and days on which nothing happens. */
const edge: Subject = {
  suite: { name: 'edge', requirements: edgeRequirements, scheduledFaults: () => [EDGE_FAULT] },
  plan: resolveEdge(
    Plan.parse({ level: 'smoke', suites: [{ name: 'edge' }], requirements: { 'EDGE-3': { threshold: 5 } } }),
  ),
  run() {
    const of = (seconds: number) =>
      edgeDay({
        ...{ nodes: ['e1', 'e2', 'e3', 'e4', 'e5'], namespace: 'n', cutMs: 6_000, noticedMs: 2_000, seconds },
        ...{
          messages: 500,
          publishedFromMs: 30_000,
          duplicates: 0,
          reordered: 0,
          clockMs: 0,
          lateMs: () => 5,
        },
      });
    const [once, twice] = [of(60), of(60 + PERIOD_S)];
    const at = (history: History, ms: number) => history.findIndex(({ mono }) => mono >= ms);
    const from = at(once, STEADY_MS);
    const toOnce = at(once, STEADY_MS + PERIOD_S * 1_000);
    return { once, twice, from, toOnce, toTwice: at(twice, STEADY_MS + 2 * PERIOD_S * 1_000) };
  },
};

export const SUBJECTS = { gpu, edge } as const;
export type SubjectName = keyof typeof SUBJECTS;
