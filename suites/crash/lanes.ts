import type { Killing } from './killings.ts';

export interface CrashLane {
  /** What `ordeal doctor` calls it. */
  name: string;
  choices: readonly Killing[];
}

/** What is killed on each lane, small runs all of them. */
export const CRASH_LANES = [
  {
    name: 'embedded',
    choices: [
      { args: ['--suite', 'gpu', '--level', 'smoke'], longestMs: 20_000 },
      { args: ['--suite', 'edge', '--isolation', 'process', '--level', 'smoke'], longestMs: 30_000 },
    ],
  },
  {
    name: 'netns',
    choices: [{ args: ['--suite', 'edge', '--isolation', 'netns', '--level', 'smoke'], longestMs: 45_000 }],
  },
  {
    name: 'uml',
    choices: [{ args: ['--suite', 'edge', '--isolation', 'uml', '--level', 'smoke'], longestMs: 60_000 }],
  },
  {
    name: 'kind',
    choices: [{ args: ['--suite', 'gpu', '--cluster', 'kind', '--level', 'smoke'], longestMs: 150_000 }],
  },
  {
    name: 'k3s',
    choices: [{ args: ['--suite', 'gpu', '--cluster', 'k3s', '--level', 'smoke'], longestMs: 90_000 }],
  },
] as const satisfies readonly CrashLane[];

/** Those of one lane. */
export function choicesOf(name: (typeof CRASH_LANES)[number]['name']): readonly Killing[] {
  return CRASH_LANES.find((lane) => lane.name === name)?.choices ?? [];
}
