import type { History, HistoryEvent } from '../../harness/history/event.ts';
import { clockJumped, doubled, interleaved, moved, recordedAs } from '../testing/mutations.ts';
import { without } from '../testing/written.ts';
import { fileOf, JUDGE, judgedFile, type Mutant, READER, type Refusal } from './mutant.ts';
import { type Bench, edgeBench, gpuBench } from './subjects.ts';

type Row = [name: string, refusedBy: string[], input: (sound: History) => string];

/** Of one type, counted from 0. */
function nth(history: History, type: string, n = 0): number {
  const found = history.filter((event) => event.type === type)[n];
  if (!found) throw new RangeError(`there is no ${type} number ${n}`);
  return found.seq;
}

const lost = (history: History, drop: (event: HistoryEvent) => boolean) => fileOf(without(history, drop));

/** A sound run’s file with something wrong about the record itself. */
const OF_BOTH: readonly Row[] = [
  ['lost a line', [READER], (sound) => fileOf(sound.filter(({ seq }) => seq !== 20))],
  ['has a line twice', [READER], (sound) => fileOf(sound.toSpliced(20, 0, sound[20] as HistoryEvent))],
  ['has two lines the other way round', [READER], (sound) => fileOf(swapped(sound, 20))],
  ['ends within a line', [JUDGE], (sound) => fileOf(sound).slice(0, -20)],
  ['ends before the run did', [JUDGE], (sound) => fileOf(sound.slice(0, -1))],
  ['begins after the run did', [JUDGE], (sound) => lost(sound, ({ type }) => type === 'run.started')],
  ['holds two runs, one after the other', [JUDGE], (sound) => fileOf(recordedAs([...sound, ...sound]))],
  ['holds two runs in each other', [JUDGE], (sound) => fileOf(interleaved(sound, sound))],
  [
    'does not say whether the steady state was reached',
    [JUDGE],
    (sound) => lost(sound, ({ type }) => type.startsWith('steady.')),
  ],
  ['does not say whether the fault bit', [JUDGE], (sound) => lost(sound, ({ type }) => type === 'fault.bit')],
  [
    'does not say whether the fault was healed',
    [JUDGE],
    (sound) => lost(sound, ({ type }) => type === 'fault.healed'),
  ],
  ['is empty', [JUDGE], () => ''],
];

const OF_GPU: readonly Row[] = [
  [
    'has no ledger of the plugin',
    ['GPU-1 inconclusive'],
    (sound) => lost(sound, ({ type }) => type === 'ledger.plugin.allocate'),
  ],
  [
    'has no ledger of PodResources',
    ['GPU-1 inconclusive'],
    (sound) => lost(sound, ({ type }) => type === 'ledger.podresources'),
  ],
  [
    'has no probe of one container',
    ['GPU-1 inconclusive'],
    (sound) => lost(sound, ({ source, type }) => type === 'gpu.probe' && source.endsWith('/b')),
  ],
  [
    'lost one look of a container',
    ['GPU-1 inconclusive'],
    (sound) => {
      const look = nth(sound, 'gpu.probe', 2);
      return lost(sound, ({ seq }) => seq === look);
    },
  ],
  [
    'lost an association',
    ['GPU-4 inconclusive'],
    (sound) => {
      const at = nth(sound, 'ledger.driver.associated');
      return lost(sound, ({ seq }) => seq === at);
    },
  ],
  [
    'does not say how many GPUs were left',
    ['GPU-5 inconclusive'],
    (sound) => lost(sound, ({ type }) => type === 'recovery.seen'),
  ],
  [
    'does not say how the restart went',
    ['GPU-6 inconclusive'],
    (sound) => lost(sound, ({ type }) => type === 'restart.fresh'),
  ],
  [
    'has an allocation twice',
    ['GPU-1 inconclusive'],
    (sound) =>
      fileOf(doubled(sound, nth(sound, 'ledger.plugin.allocate'), nth(sound, 'ledger.podresources'))),
  ],
];

const OF_EDGE: readonly Row[] = [
  [
    'has no probe of the tunnel',
    ['EDGE-1 inconclusive', 'EDGE-6 inconclusive'],
    (sound) => lost(sound, ({ source }) => source.endsWith(' tunnel')),
  ],
  [
    'has no ledger of the cloud',
    ['EDGE-2 inconclusive'],
    (sound) => lost(sound, ({ source }) => source === 'cloud'),
  ],
  [
    'lost a line of a prober',
    ['EDGE-1 inconclusive'],
    (sound) => {
      const run = nth(sound, 'ledger.probe.run', 40);
      return lost(sound, ({ seq }) => seq === run);
    },
  ],
  [
    'has a line of a prober twice',
    ['EDGE-1 inconclusive'],
    (sound) => fileOf(doubled(sound, nth(sound, 'ledger.probe.run', 40), nth(sound, 'ledger.probe.run', 60))),
  ],
  [
    'has a line of a prober at another place',
    ['EDGE-1 inconclusive'],
    (sound) => fileOf(moved(sound, nth(sound, 'ledger.probe.run', 40), nth(sound, 'ledger.probe.run', 90))),
  ],
  [
    'is by a prober whose clock jumped ahead',
    ['EDGE-1 inconclusive'],
    (sound) => fileOf(clockJumped(sound, nth(sound, 'ledger.probe.run', 60), 60_000)),
  ],
  [
    'is by a prober whose clock jumped back',
    ['EDGE-1 inconclusive'],
    (sound) => fileOf(clockJumped(sound, nth(sound, 'ledger.probe.run', 60), -5_000)),
  ],
  ['has no pod', ['EDGE-3 inconclusive'], (sound) => lost(sound, ({ type }) => type === 'collector.seen')],
  [
    'has no samples of the tunnel',
    ['EDGE-4 inconclusive'],
    (sound) => lost(sound, ({ type }) => type === 'tunnel.sample'),
  ],
  [
    'has no cutoff of what was published',
    ['EDGE-2 inconclusive'],
    (sound) => lost(sound, ({ type }) => type === 'publishing.cutoff'),
  ],
];

const mutantsOf = (name: string, rows: readonly Row[], bench: Bench): Mutant[] =>
  rows.map(([what, refusedBy, input]) => ({
    ...{ part: `the record of ${name}`, name: what, refusedBy },
    judged: async (): Promise<Refusal> => judgedFile(input(bench.sound), bench),
  }));

/** Records of runs in which nothing went wrong but their recording. */
export const inputMutants: readonly Mutant[] = [
  ...mutantsOf('gpu', [...OF_BOTH, ...OF_GPU], gpuBench),
  ...mutantsOf('edge', [...OF_BOTH, ...OF_EDGE], edgeBench),
];

function swapped(history: History, at: number): History {
  return history.toSpliced(at, 2, history[at + 1] as HistoryEvent, history[at] as HistoryEvent);
}
