import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { standingProvider } from '../../clusters/example/provider.ts';
import type { Parts } from '../../harness/cli/parts.ts';
import { main } from '../../harness/cli/program.ts';
import { readRun } from '../../harness/gate/read.ts';
import { ordeal, outFolder } from '../testing/command.ts';
import { exampleSuite } from './suite.ts';

/** The examples of how to add a provider, a fault and a suite, put together as `ordeal.ts` puts the others, and run. */
describe('the worked examples', function () {
  this.timeout(120_000);
  let out: string;
  let state: string;
  let stateBefore: string | undefined;
  let kubeconfig: string;

  before(async () => {
    out = outFolder();
    state = mkdtempSync(join(tmpdir(), 'example-'));
    stateBefore = process.env.XDG_STATE_HOME;
    process.env.XDG_STATE_HOME = state;
    const { code, output } = await ordeal('up', '--workers', '1', '--quiet');
    expect(code, output).to.equal(0);
    kubeconfig = /KUBECONFIG=(\S+)/.exec(output)?.[1] ?? '';
  });
  after(async () => {
    await ordeal('down');
    if (stateBefore === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = stateBefore;
    for (const folder of [out, state]) rmSync(folder, { recursive: true, force: true });
  });

  const parts = () =>
    ({
      version: '0',
      // Under the name of one that plans know.
      providers: { embedded: async () => standingProvider(kubeconfig) },
      suites: { example: async () => exampleSuite },
      scenarios: { suite: 'none', rows: async () => [] },
      reporters: async () => [],
      reportAll: async () => ({ failed: [] }),
      machineFor: async () => undefined,
    }) as unknown as Parts;
  const run = async (name: string, ...more: string[]) => {
    const folder = join(out, name);
    const argv = ['run', '--suite', 'example', '--profile', 'hardened', '--quiet', '--out', folder, ...more];
    const code = await main(parts(), argv);
    return { code, ...(await readRun(folder, async () => [exampleSuite])) };
  };

  it('certify a cluster on which their fault bit and was healed', async () => {
    const { code, verdict } = await run('certified', '--level', 'smoke');
    expect(code, verdict.summary).to.equal(0);
    expect(verdict.cluster.provider).to.equal('standing');
    expect(verdict.faults.map(({ bit, healed, id }) => ({ id, bit, healed }))).to.deep.equal([
      { id: 'pod-quota-1', bit: true, healed: true },
    ]);
    expect(verdict.requirements.map(({ id, samples, verdict }) => ({ id, samples, verdict }))).to.deep.equal([
      { id: 'EXAMPLE-1', samples: 1, verdict: 'pass' },
    ]);
  });

  it('refuse what their threshold does not allow', async () => {
    const { code, verdict } = await run('refused', '--set', 'requirements.EXAMPLE-1.threshold=0.001');
    expect(code, verdict.summary).to.equal(1);
    expect(verdict.reasons[0]).to.match(/^EXAMPLE-1 .* failed: it ran after \d/);
  });
});
