import type { History } from '../../harness/history/event.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { chance } from '../../harness/verdict/testing/simulation.ts';
import { requirements as edgeRequirements } from '../edge/requirements.ts';
import { resolve as resolveEdge } from '../edge/settings.ts';
import { FAULT as EDGE_FAULT } from '../edge/testing/whole-day.ts';
import { gpuSuite } from '../gpu/suite.ts';
import { judgedHistory, type Refusal } from '../mutants/mutant.ts';
import type { Bench } from '../mutants/subjects.ts';
import { Draw } from './draw.ts';
import { edgeDay } from './edge-day.ts';
import { EDGE_KINDS, plainDay } from './edge-kinds.ts';
import { GPU_KINDS, plainRun } from './gpu-kinds.ts';
import { GPU_FAULT, gpuRun } from './gpu-run.ts';

/** A cluster that is not as most are, and sound. */
export interface Variation {
  /** In which way, as the kinds have it. */
  kind: string;
  seed: number;
  judged(): Promise<Refusal>;
}

const gpuPlan = (looks: { hold: number; probeInterval: number }, gpusPerNode: number, cap: number) =>
  gpuSuite.resolve(
    Plan.parse({
      level: 'smoke',
      suites: [{ name: 'gpu', settings: { gpusPerNode, exporter: false, ...looks } }],
      requirements: { 'GPU-7': { threshold: cap } },
    }),
  );

const GPU: Bench['suite'] = {
  name: 'gpu',
  requirements: gpuSuite.requirements,
  scheduledFaults: () => [GPU_FAULT],
};

const EDGE: Omit<Bench, 'sound'> = {
  suite: { name: 'edge', requirements: edgeRequirements, scheduledFaults: () => [EDGE_FAULT] },
  plan: resolveEdge(
    Plan.parse({ level: 'smoke', suites: [{ name: 'edge' }], requirements: { 'EDGE-3': { threshold: 5 } } }),
  ),
};

/** A written run of each kind in turn, the second and every later one of a kind with another of the kinds besides. */
export function writtenVariation(seed: number): Variation {
  const kinds = [...Object.keys(GPU_KINDS), ...Object.keys(EDGE_KINDS)];
  const kind = kinds[seed % kinds.length] as string;
  const draw = new Draw(chance(seed + 1));
  const ofGpu = kind in GPU_KINDS;
  const others = Object.keys(ofGpu ? GPU_KINDS : EDGE_KINDS).filter((each) => each !== kind);
  const chosen = seed < kinds.length ? [kind] : [kind, draw.of(others)];
  return {
    kind: chosen.join(' and '),
    seed,
    judged: async () => (ofGpu ? judgedGpu(chosen, draw) : judgedHistory(dayOf(chosen, draw), EDGE)),
  };
}

function judgedGpu(chosen: readonly string[], draw: Draw): Refusal {
  const shape = plainRun(draw);
  for (const each of chosen) Object.assign(shape, GPU_KINDS[each]?.(draw, shape));
  const looks = { hold: (shape.looks - 1) * shape.lookMs, probeInterval: shape.lookMs };
  return judgedHistory(gpuRun(shape), {
    suite: GPU,
    plan: gpuPlan(looks, Math.max(...shape.devices), shape.cap),
  });
}

function dayOf(chosen: readonly string[], draw: Draw): History {
  const shape = plainDay(draw);
  for (const each of chosen) Object.assign(shape, EDGE_KINDS[each]?.(draw, shape));
  return edgeDay(shape);
}
