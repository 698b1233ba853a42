import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { run } from '../exec/exec.ts';
import { type ProgramProfile, profiled, profileTables } from './profile.ts';

const node = (functionName: string, hitCount: number, url = '') => ({
  callFrame: { functionName, url },
  hitCount,
});
const of = (program: string, ...nodes: ReturnType<typeof node>[]): ProgramProfile => ({
  program,
  profile: { nodes },
});
const linesOf = (...profiles: ProgramProfile[]) => profileTables('judging', profiles).split('\n');

describe('a profile of a benchmark', () => {
  const reader = pathToFileURL('harness/history/reader.ts').href;

  it('sums what each function took of itself over all processes of a program, the most first, without their waits', () => {
    expect(
      linesOf(
        of('main.ts', node('(idle)', 900), node('#parse', 40, reader), node('(garbage collector)', 30)),
        of('main.ts', node('#parse', 20, reader), node('', 10, 'file:///elsewhere/relay.mjs'), node('no', 0)),
      ),
    ).to.deep.equal([
      '| judging: main.ts’s processor time in | share |',
      '| --- | --- |',
      '| #parse (harness/history/reader.ts) | 60.0 % |',
      '| (garbage collector) | 30.0 % |',
      '| (anonymous) (relay.mjs) | 10.0 % |',
      '',
    ]);
  });

  it('has a table for each program, the busiest first, and none for one that took next to nothing', () => {
    const lines = linesOf(
      of('echo.ts', node('f', 200)),
      of('relay.mjs', node('f', 700)),
      of('idle', node('f', 3)),
    );
    expect(lines.filter((line) => line.includes('’s'))).to.deep.equal([
      '| judging: relay.mjs’s processor time in | share |',
      '| judging: echo.ts’s processor time in | share |',
    ]);
  });

  it('names the eight functions that took the most, and sums up the others', () => {
    const lines = linesOf(of('main.ts', ...Array.from({ length: 10 }, (_, at) => node(`f${at}`, 10 - at))));
    expect(lines.slice(2, 3)).to.deep.equal(['| f0 | 18.2 % |']);
    expect(lines.slice(-3)).to.deep.equal(['| f7 | 5.5 % |', '| 2 others | 5.5 % |', '']);
  });

  it('is of the processes that the benchmark starts, and leaves the next ones alone', async () => {
    const spin = 'function spun() { const until = Date.now() + 200; while (Date.now() < until); } spun();';
    const options = process.env.NODE_OPTIONS ?? '';
    const { benchmark, profiles } = profiled({
      name: 'spin',
      rounds: 1,
      missing: async () => undefined,
      async round(signal) {
        await run([process.execPath, '-e', spin], { signal });
        return [];
      },
    });
    await benchmark.round(new AbortController().signal);
    expect(profileTables('spin', profiles)).to.match(/^\| spin: node’s processor time in .*\n.*\n\| spun /);
    expect(process.env.NODE_OPTIONS).to.equal(options);
  });
});
