import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readHistory } from '../harness/history/reader.ts';
import { ordeal, outFolder } from './testing/command.ts';
import { decisionsOf } from './testing/decisions.ts';

describe('two runs of one seed on embedded', function () {
  this.timeout(240_000);
  const outs: string[] = [];

  after(() => {
    for (const out of outs) rmSync(out, { recursive: true, force: true });
  });

  async function decided(seed: number) {
    const out = outFolder();
    outs.push(out);
    const set = (path: string, value: unknown) => ['--set', `${path}=${value}`];
    const { code, output } = await ordeal(
      ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', out],
      ...['--workers', '1', '--seed', String(seed)],
      ...set('suites.0.settings.starts', 8),
      ...set('suites.0.settings.jobsAtOnce', 1),
      ...set('suites.0.settings.replicas', 4),
    );
    // One Job at a time shows no burst: what is decided is the same, and what is judged is not asked here.
    expect([0, 2], output).to.include(code);
    return decisionsOf((await readHistory(join(out, 'events.jsonl'))).events);
  }

  it('decide the same: schedule, targets, and the latencies of the fake parts', async () => {
    const [one, other] = await Promise.all([decided(12), decided(12)]);
    expect(one.schedule.length).to.be.at.least(8);
    expect(other.schedule).to.deep.equal(one.schedule);
    expect(other.nodes).to.deep.equal(one.nodes);
    expect(Object.keys(one.drawn)).to.deep.equal(['node/worker-1']);
    const drawn = one.drawn['node/worker-1'] ?? [];
    expect(new Set(drawn).size).to.be.at.least(8);
    expect(other.drawn).to.deep.equal(one.drawn);
  });
});
