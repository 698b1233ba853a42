import type { History } from '../../harness/history/event.ts';
import { Plan } from '../../harness/plan/schema.ts';
import type { JudgedSuite } from '../../harness/verdict/judge.ts';
import { requirements as edgeRequirements } from '../edge/requirements.ts';
import { resolve as resolveEdge } from '../edge/settings.ts';
import { FAULT as EDGE_FAULT, wholeDay } from '../edge/testing/whole-day.ts';
import { gpuSuite } from '../gpu/suite.ts';
import { FAULT as GPU_FAULT, wholeRun } from '../gpu/testing/whole-run.ts';

/** A suite, and a plan of it, to judge written histories by. */
export interface Bench {
  suite: JudgedSuite;
  plan: Plan;
  /** A run that is certified. */
  sound: History;
}

export const gpuBench: Bench = {
  suite: { name: 'gpu', requirements: gpuSuite.requirements, scheduledFaults: () => [GPU_FAULT] },
  plan: gpuSuite.resolve(
    Plan.parse({
      level: 'smoke',
      suites: [{ name: 'gpu', settings: { gpusPerNode: 2, hold: 800, probeInterval: 400 } }],
      requirements: { 'GPU-7': { threshold: 2 } },
    }),
  ),
  sound: wholeRun(),
};

export const edgeBench: Bench = {
  suite: { name: 'edge', requirements: edgeRequirements, scheduledFaults: () => [EDGE_FAULT] },
  plan: resolveEdge(
    Plan.parse({
      level: 'smoke',
      suites: [{ name: 'edge' }],
      requirements: { 'EDGE-3': { threshold: 5 } },
    }),
  ),
  sound: wholeDay(),
};
