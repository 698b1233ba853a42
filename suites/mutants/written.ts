import type { History } from '../../harness/history/event.ts';
import { type Twist as DayTwist, wholeDay } from '../edge/testing/whole-day.ts';
import { type Twist as RunTwist, wholeRun } from '../gpu/testing/whole-run.ts';
import { JUDGE, judgedHistory, type Mutant } from './mutant.ts';
import { type Bench, edgeBench, gpuBench } from './subjects.ts';

/** What is wrong with a written run, and what refuses it. */
export interface Wrong {
  history: History;
  refusedBy: readonly string[];
}

const run = (twist: RunTwist, ...refusedBy: string[]): Wrong => ({ history: wholeRun(twist), refusedBy });
const day = (twist: DayTwist, ...refusedBy: string[]): Wrong => ({ history: wholeDay(twist), refusedBy });

/** Runs that must not be certified, by what is wrong with them. */
export const wrongRuns: Readonly<Record<'gpu' | 'edge', Readonly<Record<string, Wrong>>>> = {
  gpu: {
    'blind at first': run({ looks: [[], ['gpu-1'], ['gpu-1']] }, 'GPU-1', 'GPU-3'),
    'blind for a while': run({ looks: [['gpu-1'], [], ['gpu-1']] }, 'GPU-1', 'GPU-3'),
    'blind at last': run({ looks: [['gpu-1'], ['gpu-1'], []] }, 'GPU-1', 'GPU-3'),
    'another’s device': run({ looks: [['gpu-0'], ['gpu-0'], ['gpu-0']] }, 'GPU-1', 'GPU-2'),
    'a device in two': run({ looks: [['gpu-1', 'gpu-0'], ['gpu-1'], ['gpu-1']] }, 'GPU-2'),
    'listed otherwise': run({ listed: ['gpu-0'] }, 'GPU-1', 'GPU-2'),
    'bound late': run({ boundAfterMs: 900 }, 'GPU-4'),
    rejected: run({ pod: { phase: 'Failed', reason: 'UnexpectedAdmissionError', containers: [] } }, 'GPU-3'),
    starved: run({ pod: { phase: 'Pending', containers: [] } }, 'GPU-3', 'GPU-5'),
    'a GPU short in the end': run({ left: 1 }, 'GPU-5'),
    'back late': run({ backAfterMs: 40_000 }, 'GPU-6'),
    'back and broken': run({ freshWorks: false }, 'GPU-6'),
    'an exporter that names another’s device': run({ exported: 'gpu-0' }, 'GPU-9'),
    'over its quota': run({ quota: { hard: 1, used: 1 } }, 'GPU-7'),
    'without a quota': run({ quota: null }, 'GPU-7'),
    toothless: run({ bit: false }, JUDGE),
    unhealed: run({ healed: false }, JUDGE),
    unsteady: run({ missed: true }, JUDGE),
  },
  edge: {
    'cut off for too long': day({ tunnelDead: [[20_000, 31_000]] }, 'EDGE-1'),
    'cut off at the end': day(
      {
        tunnelDead: [
          [20_000, 26_000],
          [47_000, 61_000],
        ],
      },
      'EDGE-1',
      'EDGE-6',
    ),
    'cut off by nothing': day(
      {
        tunnelDead: [
          [20_000, 26_000],
          [40_000, 43_000],
        ],
      },
      'EDGE-6',
    ),
    'the host too': day({ hostDead: [[20_000, 26_000]] }, 'EDGE-5'),
    'the last messages lost': day({ received: [[0, 899]] }, 'EDGE-2'),
    'messages lost': day(
      {
        received: [
          [0, 499],
          [600, 999],
        ],
      },
      'EDGE-2',
    ),
    'Running and deaf': day({ noticedAt: null }, 'EDGE-3'),
    'noticed late': day({ noticedAt: 25_500 }, 'EDGE-3'),
    'healed late': day({ deaf: [[20_000, 40_000]] }, 'EDGE-4'),
    'never healed': day({ deaf: [[20_000, 61_000]] }, 'EDGE-4'),
    toothless: day({ bit: false }, JUDGE),
    'without an alert': day({ restarts: 1 }, 'EDGE-4 inconclusive'),
    'with a program that fell over': day({ failed: 'probe' }, 'EDGE-1 inconclusive', 'EDGE-2 inconclusive'),
  },
};

const mutantsOf = (name: keyof typeof wrongRuns, bench: Bench): Mutant[] =>
  Object.entries(wrongRuns[name]).map(([wrong, { history, refusedBy }]) => ({
    ...{ part: `a written run of ${name}`, name: wrong, refusedBy },
    judged: async () => judgedHistory(history, bench),
  }));

/** Histories that tell of something broken. */
export const writtenMutants: readonly Mutant[] = [
  ...mutantsOf('gpu', gpuBench),
  ...mutantsOf('edge', edgeBench),
];
