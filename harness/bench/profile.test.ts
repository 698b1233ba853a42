import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { run } from '../exec/exec.ts';
import { type CpuProfile, profiled, profileTable, selfTimes } from './profile.ts';

const node = (functionName: string, hitCount: number, url = '') => ({
  callFrame: { functionName, url },
  hitCount,
});
const profile = (...nodes: CpuProfile['nodes']): CpuProfile => ({ nodes });

describe('a profile of a benchmark', () => {
  const reader = pathToFileURL('harness/history/reader.ts').href;

  it('sums what each function took of itself over all processes, the most first, without the time that they waited', () => {
    const times = selfTimes([
      profile(node('(idle)', 900), node('#parse', 40, reader), node('(garbage collector)', 30)),
      profile(node('#parse', 20, reader), node('', 10, 'node:internal/timers'), node('never', 0, reader)),
    ]);
    expect(times).to.deep.equal([
      { where: '#parse (harness/history/reader.ts)', share: 0.6 },
      { where: '(garbage collector)', share: 0.3 },
      { where: '(anonymous) (node:internal/timers)', share: 0.1 },
    ]);
  });

  it('names the twelve that took the most, and sums up the others', () => {
    const nodes = Array.from({ length: 14 }, (_, at) => node(`f${at}`, 14 - at));
    const lines = profileTable('judging', selfTimes([profile(...nodes)])).split('\n');
    expect(lines[0]).to.equal('| judging: processor time in | share |');
    expect(lines[2]).to.equal('| f0 | 13.3 % |');
    expect(lines.at(-3)).to.equal('| f11 | 2.9 % |');
    expect(lines.at(-2)).to.equal('| 2 others | 2.9 % |');
  });

  it('is of the processes that the benchmark starts, and leaves the next ones alone', async () => {
    const spin = 'function spun() { const until = Date.now() + 200; while (Date.now() < until); } spun();';
    const options = process.env.NODE_OPTIONS ?? '';
    const { benchmark, times } = profiled({
      name: 'spin',
      rounds: 1,
      missing: async () => undefined,
      async round(signal) {
        await run([process.execPath, '-e', spin], { signal });
        return [];
      },
    });
    await benchmark.round(new AbortController().signal);
    expect(times().find(({ where }) => where.startsWith('spun '))?.share).to.be.greaterThan(0.5);
    expect(process.env.NODE_OPTIONS).to.equal(options);
  });
});
