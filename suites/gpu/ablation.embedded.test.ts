import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordeal, outFolder, verdictIn } from '../testing/command.ts';
import { pushTarget } from '../testing/pushed.ts';

describe('ablation of the GPU remedies on embedded', function () {
  this.timeout(120_000);

  it('shows what the incident does and the hardened profile does not, a row each', async () => {
    const out = outFolder();
    const gateway = await pushTarget();
    const only = ['--only', 'incident', '--only', 'hardened'];
    const { code, output } = await ordeal('ablate', ...only, '--out', out, '--metrics', gateway.url);
    gateway.close();
    expect(code, output).to.equal(0);
    const verdicts = [...gateway.runs.values()].map(
      (text) => /^ordeal_run_verdict\{run="[^"]+",verdict="(\w+)"\} 1$/m.exec(text)?.[1],
    );
    expect(verdicts, output).to.deep.equal(
      ['1', '2'].map((variant) => verdictIn(join(out, variant)).verdict),
    );
    const [incident, hardened, ...others] = readFileSync(join(out, 'ablation.md'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((row) => row.split(' | '));
    expect(others).to.deep.equal([]);
    expect(incident?.[1]).to.match(/^[1-9]\d* of \d+$/);
    expect(hardened?.[1]).to.match(/^0 of \d+$/);
    rmSync(out, { recursive: true, force: true });
  });

  it('exits 3 for a variant that there is not, and names those that there are', async () => {
    const { code, output } = await ordeal('ablate', '--only', 'nonesuch');
    expect(code).to.equal(3);
    expect(output).to.contain('init gate');
  });

  it('exits 3 for pairs of remedies of which nothing is counted, or of only some', async () => {
    const edge = await ordeal('ablate', '--pairs', '--suite', 'edge');
    expect(edge.code).to.equal(3);
    expect(edge.output).to.contain('suite edge counts nothing');
    expect((await ordeal('ablate', '--pairs', '--only', 'quota')).code).to.equal(3);
  });
});
