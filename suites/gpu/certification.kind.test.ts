import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run } from '../../harness/exec/exec.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { outFolder, start, verdictIn } from '../testing/command.ts';
import { bothControls } from './testing/both-controls.ts';

/**
 * In ms. The slowest bindings wait for a processor as much as for their GPU, where two run the cluster and its tests: p99s of
 * 409 to 682 ms were seen, on either side of the 500 that are asked of a cluster.
 */
const BIND_LATENCY = 'requirements.GPU-4.threshold=1500';

const containers = async () =>
  (await run(['docker', 'ps', '--all', '--format', '{{.Names}}'])).stdout.split('\n').filter(Boolean);

describe('GPU certification on kind', function () {
  this.timeout(1_200_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
  });

  afterEach(() => {
    rmSync(out, { recursive: true, force: true });
  });

  // The current Kubernetes by the starts of a release's level but one; the incident's own by fewer, for its kubelets' known
  // failure shows itself more often the longer one looks.
  for (const { kubernetes, level, starts } of [
    { kubernetes: '1.34.4', level: 'standard', starts: 300 },
    { kubernetes: '1.27.3', level: 'smoke', starts: 60 },
  ]) {
    it(`refuses the incident and certifies the hardened profile on Kubernetes ${kubernetes}`, async () => {
      const hardened = await bothControls(out, [
        ...['--cluster', 'kind', '--kubernetes', kubernetes, '--level', level],
        ...['--set', BIND_LATENCY],
      ]);
      const { cluster, faults, requirements } = verdictIn(hardened);
      expect(cluster.evidence).to.equal('real-kubernetes');
      expect(cluster.versions.kubernetes).to.contain(kubernetes);
      expect(new Set(requirements.map(({ evidence }) => evidence))).to.deep.equal(
        new Set(['real-kubernetes']),
      );
      expect(faults.every(({ bit, healed }) => bit && healed)).to.equal(true);
      const [first] = requirements;
      expect(first).to.include({ id: 'GPU-1', verdict: 'pass', measured: 0 });
      expect(first?.samples).to.be.at.least(starts);
      expect(first?.reason).to.contain('the three ledgers agree');
    });
  }

  it('SIGINT in mid-run: exit 130, no container left, the history readable', async () => {
    const before = await containers();
    const run = start(
      'run',
      '--suite',
      'gpu',
      '--profile',
      'incident',
      '--cluster',
      'kind',
      '--level',
      'smoke',
      '--out',
      out,
    );
    await waitFor(() => run.output().includes('wave 1'), { what: 'the first wave', deadlineMs: 240_000 });
    run.child.kill('SIGINT');
    const { code, output } = await run.ended;
    expect(code, output).to.equal(130);
    // What was there before may end at any time, as a sweeper that an earlier run left does.
    expect((await containers()).filter((name) => !before.includes(name))).to.deep.equal([]);
    expect(readdirSync(out)).to.include('verdict.json');
    const { events, truncated } = await readHistory(join(out, 'events.jsonl'));
    expect(truncated).to.equal(false);
    expect(events.at(-1)?.body).to.include({ outcome: 'interrupted' });
  });
});
