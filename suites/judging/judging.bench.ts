import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { measureJudging } from './measure.ts';
import type { SubjectName } from './subjects.ts';

const EVENTS = [100_000, 1_000_000];
const GOAL_PER_SECOND = 1_000_000;

/** Reading a run's history and judging it, as `ordeal report` does. */
export const benchmark: Benchmark = {
  name: 'judging',
  rounds: 3,
  missing: async () => undefined,
  async round(signal) {
    const figures: Figure[] = [];
    for (const name of ['gpu', 'edge'] satisfies SubjectName[]) {
      for (const events of EVENTS) figures.push(...(await figuresOf(name, events, signal)));
    }
    return figures;
  },
};

/** Of one length; the same is measured of a longer one by `judging-long`. */
export async function figuresOf(name: SubjectName, wanted: number, signal: AbortSignal): Promise<Figure[]> {
  const { events, judgeMs, mostBytes, parseMs, readMs } = await measureJudging(name, wanted, signal);
  const of = `${name}, ${wanted.toLocaleString('en')} events: `;
  const perSecond = (ms: number) => (1_000 * events) / ms;
  return [
    {
      name: `${of}read and judged`,
      value: perSecond(readMs + judgeMs),
      unit: '/s',
      atLeast: GOAL_PER_SECOND,
    },
    { name: `${of}JSON.parse of the lines alone`, value: perSecond(parseMs), unit: '/s' },
    { name: `${of}read`, value: perSecond(readMs), unit: '/s' },
    { name: `${of}judged, once read`, value: perSecond(judgeMs), unit: '/s' },
    { name: `${of}memory, at most`, value: mostBytes / 2 ** 20, unit: 'MiB' },
  ];
}
