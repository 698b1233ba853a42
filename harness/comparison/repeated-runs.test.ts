import { expect } from 'chai';
import { repeatedRuns } from './repeated-runs.ts';
import { runOf } from './testing/sample.ts';

describe('runs to be compared', () => {
  const run = (dir: string, runId: string) => ({ ...runOf([], {}, { runId }), dir });

  it('are told of where one was given twice, under whichever names, and not where each is its own', () => {
    expect(repeatedRuns([run('a/1', 'r1'), run('a/2', 'r2'), run('b/1', 'r3')])).to.deep.equal([]);
    expect(repeatedRuns([run('a/1', 'r1'), run('b/1', 'r2'), run('copy/1', 'r1')])).to.deep.equal([
      'copy/1 and a/1 are one run, r1 of 2024-01-02T03:04:05.000Z',
    ]);
  });
});
