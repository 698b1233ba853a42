import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../harness/clock/clock.ts';
import { outFolder, type Started, start, verdictIn } from './testing/command.ts';

describe('`ordeal run` of one profile', () => {
  it('certifies both suites by one run and one history', async () => {
    const out = outFolder();
    try {
      const run = start(
        ...['run', '--profile', 'hardened', '--level', 'smoke', '--isolation', 'process', '--out', out],
      );
      const { code, output } = await run.ended;
      expect(code, output).to.equal(0);
      const { requirements, verdict } = verdictIn(out);
      expect(verdict).to.equal('pass');
      expect(requirements.map(({ id }) => id)).to.include.members(['GPU-1', 'GPU-9', 'EDGE-1', 'EDGE-6']);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});

describe('`ordeal run` with nothing else', () => {
  it('refuses the incident and certifies the hardened profile of every suite, and says what it could not show', async () => {
    const out = outFolder();
    try {
      const run = start(
        ...['run', '--level', 'smoke', '--isolation', 'process', '--out', out],
        ...['--metrics', '127.0.0.1:0'],
      );
      const live = bitesOf(run);
      const { code, output } = await run.ended;
      expect(code, output).to.equal(0);
      expect(await live, 'kinds of faults of which the metrics told while the run lived').to.include.members([
        'gpu/bind-delay',
        'network/partition',
      ]);
      const index = readFileSync(join(out, 'index.html'), 'utf8');
      expect(index).to.contain('Every profile came out as it had to.');
      const links = [...index.matchAll(/<a href="([^"]+)"/g)].map(([, link = '']) => link);
      expect(links).to.have.length(4);
      for (const link of links) expect(readFileSync(join(out, link), 'utf8')).to.match(/^<!doctype html>/);
      for (const suite of ['gpu', 'edge']) {
        const ids = new RegExp(`^${suite.toUpperCase()}-\\d+$`);
        for (const [profile, verdict] of [
          ['incident', 'fail'],
          ['hardened', 'pass'],
        ] as const) {
          const seen = verdictIn(join(out, suite, profile));
          expect(seen, output).to.include({ profile, verdict });
          for (const { id } of seen.requirements) expect(id).to.match(ids);
        }
      }
      expect(output).to.match(/^more: .*--cluster kind/m);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});

/** The kinds of faults that bit, by the metrics of a run that lives; in the end there is nobody to ask. */
async function bitesOf({ ended, output }: Started): Promise<string[]> {
  const seen = new Set<string>();
  let lives = true;
  void ended.then(() => {
    lives = false;
  });
  while (lives) {
    await systemClock.sleep(500);
    const [, url] = /^metrics: (http:\S+)$/m.exec(output()) ?? [];
    const text =
      url === undefined
        ? ''
        : await fetch(url).then(
            async (answer) => await answer.text(),
            () => '',
          );
    for (const [, kind] of text.matchAll(/^ordeal_faults_bit_total\{run="[^"]+",kind="([^"]+)"\} 1$/gm))
      seen.add(kind as string);
  }
  return [...seen];
}
