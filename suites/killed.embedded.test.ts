import { type Killing, killAndLook } from './testing/killings.ts';

const RUNS: readonly Killing[] = [
  { args: ['--suite', 'gpu', '--level', 'smoke'], longestMs: 20_000 },
  { args: ['--suite', 'edge', '--isolation', 'process', '--level', 'smoke'], longestMs: 30_000 },
];

describe('a killed harness, process isolation', function () {
  this.timeout(1_200_000);

  it('leaves nothing: no process, no file, no container', () => killAndLook(6, RUNS));
});
