import { type Killing, killAndLook } from './testing/killings.ts';

const RUNS: readonly Killing[] = [
  { args: ['--suite', 'edge', '--isolation', 'netns', '--level', 'smoke'], longestMs: 45_000 },
];

describe('a killed harness, netns isolation', function () {
  this.timeout(1_200_000);

  it('leaves nothing: no namespace, no tunnel, no process, no file', () => killAndLook(3, RUNS));
});
