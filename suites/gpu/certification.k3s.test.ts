import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run } from '../../harness/exec/exec.ts';
import { outFolder, start, verdictIn } from '../testing/command.ts';
import { bothControls } from './testing/both-controls.ts';

/** Enough that the incident shows itself, on a machine that starts a pod a second. */
const STARTS = 'suites.0.settings.starts=32';
/** In ms. Of so few bindings the 99th percentile is the slowest one, which waits for a processor as much as for its GPU. */
const BIND_LATENCY = 'requirements.GPU-4.threshold=1500';

/** Those of this machine that were not there before: others may end at any time. */
const ours = async (before: readonly string[] = []) => {
  const label = 'label=dev.ordeal.k3s';
  const containers = await run(['docker', 'ps', '--all', '--quiet', '--filter', label]);
  const networks = await run(['docker', 'network', 'ls', '--quiet', '--filter', label]);
  const all = `${containers.stdout}\n${networks.stdout}`.split('\n').filter(Boolean);
  return all.filter((id) => !before.includes(id));
};

describe('GPU certification on k3s', function () {
  this.timeout(600_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
  });

  afterEach(() => {
    rmSync(out, { recursive: true, force: true });
  });

  it('refuses the incident and certifies the hardened profile on two agents', async () => {
    const before = await ours();
    const hardened = await bothControls(out, [
      ...['--cluster', 'k3s', '--workers', '2', '--level', 'smoke'],
      ...['--set', STARTS, '--set', BIND_LATENCY],
    ]);
    const { cluster, faults, requirements } = verdictIn(hardened);
    expect(cluster.provider).to.match(/^k3s( \(double\))?$/);
    expect(new Set(requirements.map(({ evidence }) => evidence))).to.deep.equal(new Set(['real-kubernetes']));
    expect(faults.every(({ bit, healed }) => bit && healed)).to.equal(true);
    expect(requirements[0]).to.include({ id: 'GPU-1', verdict: 'pass', measured: 0 });
    expect(requirements[0]?.reason).to.contain('the three ledgers agree');
    expect(await ours(before)).to.deep.equal([]);
  });

  /** A run whose containers are starting. */
  async function starting() {
    const before = await ours();
    const run = start(
      'run',
      ...['--suite', 'gpu', '--profile', 'incident', '--cluster', 'k3s', '--workers', '1', '--out', out],
    );
    await waitFor(async () => (await ours(before)).length >= 3, {
      what: 'a network and two containers',
      deadlineMs: 120_000,
    });
    return { before, run };
  }

  it('SIGINT in the middle of start-up: exit 130, nothing left', async () => {
    const { before, run } = await starting();
    run.child.kill('SIGINT');
    const { code, output } = await run.ended;
    expect(code, output).to.equal(130);
    expect(await ours(before)).to.deep.equal([]);
  });

  it('killed in the middle of start-up: swept without a hand', async () => {
    const { before, run } = await starting();
    run.child.kill('SIGKILL');
    await run.ended;
    await waitFor(async () => (await ours(before)).length === 0, {
      what: 'the end of the killed run’s containers and network',
      deadlineMs: 120_000,
    });
  });
});
