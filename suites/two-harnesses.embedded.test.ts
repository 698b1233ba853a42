import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoordinationV1Api } from '@kubernetes/client-node';
import { expect } from 'chai';
import { waitFor } from '../harness/clock/wait-for.ts';
import { tryRun } from '../harness/exec/exec.ts';
import { apiStatus, connect, type Kube } from '../harness/kube/client.ts';
import { type Started, startAs, verdictIn } from './testing/command.ts';

const STACK = /\n\s+at .*:\d+/;
const GPU = 'nvidia.com/gpu';
/** Of the fault that is held: two of eight. */
const BROKEN = '6';

/** Each has a state folder of its own, as two users or two machines have. */
describe('two harnesses on one cluster', function () {
  this.timeout(400_000);
  let home: string;
  let kubeconfig: string;
  let kube: Kube;
  const running: Started[] = [];

  const as = (who: 'first' | 'second', ...args: string[]) => {
    const env = {
      ...process.env,
      TMPDIR: join(home),
      XDG_STATE_HOME: join(home, who === 'first' ? 'a' : 'b'),
      XDG_CONFIG_HOME: join(home, 'c'),
    };
    const started = startAs({ env }, ...args);
    running.push(started);
    return started;
  };
  const inject = (ttl: string) =>
    as(
      'first',
      ...['fault', 'inject', 'gpu/device-unhealthy', '--target', 'worker-1', '--ttl', ttl],
      ...['--name', 'shared', '--with', 'devices=[0,1]'],
    );
  const run = (who: 'first' | 'second', out: string, ...more: string[]) =>
    as(
      who,
      ...['run', '--suite', 'gpu', '--profile', 'as-is', '--level', 'smoke', '--cluster', 'existing'],
      ...['--context', 'shared', '--kubeconfig', kubeconfig, '--set', 'cluster.workloadImage=any'],
      ...['--out', join(home, out), '--quiet', ...more],
    );
  const allocatable = async () =>
    (await kube.core.readNode({ name: 'worker-1' })).status?.allocatable?.[GPU] ?? '0';
  const held = async (started: Started) => {
    await waitFor(async () => (await allocatable()) === BROKEN, {
      what: 'the fault to bite',
      deadlineMs: 120_000,
      seen: started.output,
    });
  };
  const lease = async () =>
    await kube.config
      .makeApiClient(CoordinationV1Api)
      .readNamespacedLease({ namespace: 'default', name: 'ordeal' })
      .catch((error: unknown) => apiStatus(error));
  const namespaces = async () =>
    (await kube.core.listNamespace()).items.map(({ metadata }) => metadata?.name).sort();

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'two-'));
    const up = await as('first', 'up', '--workers', '2', '--name', 'shared', '--quiet').ended;
    expect(up.code, up.output).to.equal(0);
    kubeconfig = join(home, 'a', 'ordeal', 'e', 'shared', 'kubeconfig');
    kube = await connect(kubeconfig);
    const allowed = await as('second', 'allow', '--context', 'shared', '--kubeconfig', kubeconfig).ended;
    expect(allowed.code, allowed.output).to.equal(0);
  });

  after(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    kube?.close();
    await as('first', 'down', 'shared').ended;
    // A caretaker of what was killed may still be writing there.
    await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  });

  it('the second is refused while the first holds a fault, which no clean of it touches', async () => {
    const first = inject('600s');
    await held(first);
    const before = await namespaces();

    const second = await run('second', 'refused').ended;
    expect(second.code, second.output).to.equal(4);
    expect(second.output).to.match(/CLUSTER_IN_USE: .*Lease default\/ordeal.*\n {2}do: wait until/);
    expect(existsSync(join(home, 'refused', 'events.jsonl'))).to.equal(false);
    const another = await inject('5s').ended;
    expect(another.code, another.output).to.equal(4);
    expect(another.output).to.match(/CLUSTER_IN_USE/);
    // What is wrong with the command itself is wrong whoever has the cluster.
    const astray = await as(
      'first',
      ...['fault', 'inject', 'gpu/device-unhealthy', '--target', 'no-such', '--ttl', '5s'],
      ...['--name', 'shared'],
    ).ended;
    expect(astray.code, astray.output).to.equal(3);
    expect(astray.output).to.match(/TARGET_UNKNOWN: .*no-such.*worker-1/);
    for (const who of ['first', 'second'] as const) {
      const clean = await as(who, 'clean').ended;
      expect(clean.code, clean.output).to.equal(0);
      expect(clean.output).to.not.match(/fault|shared/);
    }
    expect(await allocatable()).to.equal(BROKEN);
    expect(await namespaces()).to.deep.equal(before);
    expect(readdirSync(join(home, 'a', 'ordeal', 'journal'))).to.have.length(1);

    first.child.kill('SIGTERM');
    const { code, output } = await first.ended;
    expect(code, output).to.equal(130);
    expect(output)
      .to.match(/healed \(8 of 8/)
      .and.not.match(/not undone/);
    expect(await lease()).to.equal(404);
  });

  it('takes the cluster over at once from one on this machine that was killed', async () => {
    const first = inject('600s');
    await held(first);
    first.child.kill('SIGKILL');
    await first.ended;
    // Its fake GPU nodes end with it; those that are ending would be taken for some that run.
    await waitFor(async () => (await allocatable()) === '0', {
      what: 'the end of the fake GPU nodes',
      deadlineMs: 120_000,
    });
    const { code, output } = await inject('10s').ended;
    expect(code, output).to.equal(0);
    expect(await lease()).to.equal(404);
  });

  it('leaves alone the namespaces of a run that lives, and that one its verdict', async () => {
    const first = run('first', 'long', '--set', 'suites.0.settings.allocatableDeadline=100s');
    await waitFor(async () => (await namespaces()).some((name) => name?.startsWith('ordeal-')), {
      what: 'the namespace of the first run',
      deadlineMs: 120_000,
      seen: first.output,
    });
    const second = await run('second', 'beside').ended;
    expect(second.code, second.output).to.equal(4);
    const clean = await as('second', 'clean').ended;
    expect(clean.code, clean.output).to.equal(0);
    expect((await namespaces()).some((name) => name?.startsWith('ordeal-'))).to.equal(true);
    first.child.kill('SIGTERM');
    const { code, output } = await first.ended;
    expect(code, output).to.equal(130);
    expect(verdictIn(join(home, 'long')).left).to.deep.equal({ compared: 3, ours: [], others: [] });
    expect(readFileSync(join(home, 'long', 'events.jsonl'), 'utf8')).to.match(/"run.ended"/);
    expect(await lease()).to.equal(404);
  });

  it('a cluster that goes away for good ends the run: inconclusive, and clean says what it could not reach', async () => {
    const lost = run('first', 'lost', '--set', 'suites.0.settings.allocatableDeadline=100s');
    await waitFor(async () => (await namespaces()).some((name) => name?.startsWith('ordeal-')), {
      what: 'the namespace of the run',
      deadlineMs: 120_000,
      seen: lost.output,
    });
    const { stdout } = await tryRun([
      'pgrep',
      '-f',
      join(home, 'a', 'ordeal', 'e', 'shared', 'embedded-cluster'),
    ]);
    for (const pid of stdout.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    const { code, output } = await lost.ended;
    expect(code, output).to.equal(2);
    expect(output)
      .to.match(/not undone: leave the cluster of context shared/)
      .and.not.match(STACK);
    expect(verdictIn(join(home, 'lost')).reasons.join()).to.match(/how the cluster was left is not known/);
    const clean = await as('first', 'clean').ended;
    expect(clean.code, clean.output).to.equal(4);
    expect(clean.output)
      .to.match(/CLUSTER_NOT_CLEANED: .*context shared.*\.json/)
      .and.not.match(STACK);
    expect(readdirSync(home).filter((name) => existsSync(join(home, name, 'owner.json')))).to.deep.equal([]);
  });
});
