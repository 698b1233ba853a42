import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordeal, outFolder, verdictIn } from './testing/command.ts';

describe('`ordeal run` with nothing else', () => {
  it('refuses the incident and certifies the hardened profile of every suite, and says what it could not show', async () => {
    const out = outFolder();
    try {
      const { code, output } = await ordeal(
        'run',
        '--level',
        'smoke',
        '--isolation',
        'process',
        '--out',
        out,
      );
      expect(code, output).to.equal(0);
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
