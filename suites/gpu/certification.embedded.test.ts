import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import { eventsOf } from '../../harness/history/event.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { ordeal, outFolder, startAs, verdictIn, verdicts } from '../testing/command.ts';
import type { PodSeen } from './events.ts';

/** As small as shows it: two Jobs at once, twice. */
const SMALL = ['--suite', 'gpu', '--level', 'smoke', '--set', 'suites.0.settings.starts=32'];

describe('GPU certification on embedded', function () {
  this.timeout(240_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
  });

  afterEach(() => {
    rmSync(out, { recursive: true, force: true });
  });

  it('refuses the incident with exit 1, and judging its history again gives the same', async () => {
    const { code, output } = await ordeal('run', '--profile', 'incident', ...SMALL, '--out', out);
    expect(code, output).to.equal(1);
    const first = verdictIn(out);
    expect(verdicts(out)).to.include({ 'GPU-1': 'fail', 'GPU-2': 'pass', 'GPU-4': 'fail', 'GPU-5': 'pass' });
    expect(first.cluster.evidence).to.equal('modelled');
    // Whoever looked at the exporter saw GPUs bound that could not be used.
    const monitoring = first.requirements.find(({ id }) => id === 'GPU-9');
    expect(monitoring?.verdict, monitoring?.reason).not.to.equal('pass');
    expect(monitoring?.measured).to.be.above(0);
    expect(first.cluster.nodes?.map(({ node }) => node)).to.include.members(['worker-1', 'worker-3']);
    expect(first.cluster.nodes?.[0]?.versions).to.include({ kubelet: 'v1.34.4', driver: null });
    expect(first.faults.every(({ bit, healed }) => bit && healed)).to.equal(true);
    expect((await ordeal('report', out)).code).to.equal(1);
    expect(verdictIn(out)).to.deep.equal(first);
  });

  it('shows no false allocation while one Job at a time starts', async () => {
    const alone = [
      '--set',
      'suites.0.settings.jobsAtOnce=1',
      '--set',
      'suites.0.faults=[{kind: load/job-burst}]',
    ];
    const { output } = await ordeal('run', '--profile', 'incident', ...SMALL, ...alone, '--out', out);
    expect(verdicts(out)['GPU-1'], output).to.equal('pass');
  });

  it('certifies the hardened profile with exit 0', async () => {
    const { code, output } = await ordeal('run', '--profile', 'hardened', ...SMALL, '--out', out);
    expect(code, output).to.equal(0);
    expect(new Set(Object.values(verdicts(out)))).to.deep.equal(new Set(['pass']));
    expect(verdictIn(out).requirements.find(({ id }) => id === 'GPU-9')).to.include({ measured: 0 });
    expect(readdirSync(out)).to.include.members([
      'events.jsonl',
      'verdict.json',
      'junit.xml',
      'summary.md',
      'metrics.txt',
      'plan.yaml',
    ]);
  });

  it('brings each burst to one group of the nodes, where there are groups', async () => {
    const settings = { groups: 2, replicas: 4, jobsAtOnce: 1, starts: 16, gpusPerNode: 8 };
    const grouped = Object.entries(settings).map(([name, value]) => `suites.0.settings.${name}=${value}`);
    const faults = 'suites.0.faults=[{kind: load/job-burst}]';
    const set = [...grouped, faults, 'cluster.workers=3'].flatMap((value) => ['--set', value]);
    const { output } = await ordeal('run', '--profile', 'hardened', ...SMALL, ...set, '--out', out);
    expect(verdicts(out)['GPU-1'], output).to.equal('pass');
    const { events } = await readHistory(join(out, 'events.jsonl'));
    const nodesOf = new Map<string, Set<string>>();
    for (const { body } of eventsOf<PodSeen>(events, 'pod.seen')) {
      if (!body.job?.startsWith('burst-') || body.node === null) continue;
      nodesOf.set(body.job, (nodesOf.get(body.job) ?? new Set()).add(body.node));
    }
    const groups = [...nodesOf.values()].map((nodes) => [...nodes].sort().join());
    expect(groups).to.have.length(4);
    expect(groups.filter((nodes) => nodes === 'worker-2')).to.have.length(2);
    expect(groups.filter((nodes) => /^worker-[13](,worker-3)?$/.test(nodes))).to.have.length(2);
  });

  it('is inconclusive, exit 2, where the delay is too short to bite', async () => {
    const faults = 'suites.0.faults=[{kind: load/job-burst}, {kind: gpu/bind-delay, with: {extra: 0}}]';
    const { code, output } = await ordeal(
      'run',
      '--profile',
      'hardened',
      ...SMALL,
      '--set',
      faults,
      '--out',
      out,
    );
    expect(code, output).to.equal(2);
    expect(verdictIn(out).reasons.join()).to.match(/bind-delay-1.*did not bite/);
  });

  it('is inconclusive, exit 2, without a start under load', async () => {
    const none = ['--suite', 'gpu', '--set', 'suites.0.settings.starts=0'];
    const { code, output } = await ordeal(
      'run',
      '--profile',
      'hardened',
      '--level',
      'smoke',
      ...none,
      '--out',
      out,
    );
    expect(code, output).to.equal(2);
  });

  it('names every mistake of a plan by its path, exit 3, and touches nothing', async () => {
    const plan = join(out, 'mistaken.yaml');
    writeFileSync(
      plan,
      'cluster:\n  workers: many\nlevel: heroic\nsuites:\n  - name: gpu\n    remedies: {jobCap: 0}\n',
    );
    const { code, output } = await ordeal('run', '--plan', plan);
    expect(code).to.equal(3);
    expect(output)
      .to.match(/PLAN_INVALID/)
      .and.to.match(/cluster\.workers \(line 2\)/)
      .and.to.match(/level \(line 3\)/);
    expect(output).to.not.match(/\n\s+at /);
    writeFileSync(
      plan,
      'suites:\n  - name: gpu\n    remedies: {jobCap: 0}\n    faults: [{kind: gpu/nonesuch}]\n',
    );
    const second = await ordeal('run', '--plan', plan);
    expect(second.code).to.equal(3);
    expect(second.output).to.match(/suites\.0\.remedies\.jobCap/);
  });

  it('SIGINT in mid-run: exit 130, nothing left, the history readable, its report inconclusive with the reason', async () => {
    // Of this run alone: others of this machine come and go.
    const scratch = join(out, 't');
    mkdirSync(scratch);
    const env = { ...process.env, TMPDIR: scratch };
    const run = startAs({ env }, 'run', '--profile', 'incident', ...SMALL, '--out', out);
    await waitFor(() => run.output().includes('wave 1'), {
      ...{ what: 'the first wave', deadlineMs: 120_000, seen: run.output },
    });
    run.child.kill('SIGINT');
    const { code, output } = await run.ended;
    expect(code, output).to.equal(130);
    expect(readdirSync(scratch).filter((name) => name.startsWith('ordeal-'))).to.deep.equal([]);
    const { runId } = verdictIn(out);
    // What was sent a SIGKILL ends in its own time.
    let left = '';
    const gone = async () => {
      left = (await tryRun(['pgrep', '--full', '--list-full', runId.slice(0, 22)])).stdout;
      return left === '';
    };
    await waitFor(gone, { what: 'the end of the run’s processes', deadlineMs: 10_000, seen: () => left });
    const { events, truncated } = await readHistory(join(out, 'events.jsonl'));
    expect(truncated).to.equal(false);
    expect(events.at(-1)?.body).to.include({ outcome: 'interrupted' });
    const report = await ordeal('report', out);
    expect(report.code).to.equal(2);
    expect(report.output).to.match(/SIGINT/);
  });
});
