import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { tryRun } from '../../harness/exec/exec.ts';
import { connect, type Kube } from '../../harness/kube/client.ts';
import { Verdict } from '../../harness/verdict/verdict.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'ordeal.mjs');

/** A cluster that was brought up for itself, and the command pointed at it from outside. */
describe('provider existing, on an embedded cluster that is up', function () {
  this.timeout(180_000);
  let home: string;
  let kubeconfig: string;
  let kube: Kube;

  const ordeal = async (...args: string[]) => {
    const env = { XDG_STATE_HOME: join(home, 's'), XDG_CONFIG_HOME: join(home, 'c') };
    const { exitCode, stderr, stdout } = await tryRun([process.execPath, COMMAND, ...args], {
      env,
      timeoutMs: 120_000,
    });
    return { code: exitCode, output: `${stdout}\n${stderr}` };
  };
  const at = () => ['--context', 'someones', '--kubeconfig', kubeconfig];
  const onIt = (...args: string[]) =>
    ordeal(
      ...[
        'run',
        '--suite',
        'gpu',
        '--profile',
        'as-is',
        '--level',
        'smoke',
        '--cluster',
        'existing',
        ...at(),
      ],
      ...['--set', 'cluster.workloadImage=any', '--quiet', ...args],
    );

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'existing-test-'));
    expect((await ordeal('up', '--cluster', 'embedded', '--name', 'someones', '--quiet')).code).to.equal(0);
    kubeconfig = join(home, 's', 'ordeal', 'e', 'someones', 'kubeconfig');
    kube = await connect(kubeconfig);
  });

  after(async () => {
    kube?.close();
    await ordeal('down', 'someones');
    rmSync(home, { recursive: true, force: true });
  });

  it('refuses a cluster that nobody has allowed, exit 4', async () => {
    const { code, output } = await onIt('--out', join(home, 'refused'));
    expect(code, output).to.equal(4);
    expect(output).to.contain('CLUSTER_NOT_ALLOWED').and.to.contain('ordeal allow --context someones');
  });

  it('refuses a plan without a context or an image, exit 3', async () => {
    const { code, output } = await ordeal(
      'run',
      '--suite',
      'gpu',
      '--cluster',
      'existing',
      '--out',
      join(home, 'x'),
    );
    expect(code, output).to.equal(3);
    expect(output).to.contain('cluster.context').and.to.contain('cluster.workloadImage');
  });

  it('shows what it is, and is ready once it is allowed', async () => {
    const before = await ordeal('doctor', ...at());
    expect(before.code, before.output).to.equal(4);
    const shown = await ordeal('allow', ...at());
    expect(shown.code, shown.output).to.equal(0);
    const system = await kube.core.readNamespace({ name: 'kube-system' });
    expect(shown.output).to.contain(system.metadata?.uid).and.to.contain('worker-3, Ready');
    const after = await ordeal('doctor', ...at());
    expect(after.code, after.output).to.equal(0);
  });

  it('says what a run would do there, and counts no workers that it does not know', async () => {
    const { code, output } = await onIt('--dry-run');
    expect(code, output).to.equal(0);
    expect(output).to.contain('# cluster: existing, context someones, every node that it can work on');
  });

  it('a run of it leaves it as it was found, and no secret in what it writes', async () => {
    const namespaces = async () =>
      (await kube.core.listNamespace()).items.map(({ metadata }) => metadata?.uid).sort();
    const before = await namespaces();
    const out = join(home, 'out');
    // It has no GPUs, which a run as-is cannot change.
    const { code, output } = await onIt('--set', 'suites.0.settings.allocatableDeadline=1s', '--out', out);
    expect(code, output).to.equal(2);
    const verdict = Verdict.parse(JSON.parse(readFileSync(join(out, 'verdict.json'), 'utf8')));
    expect(verdict.left).to.deep.equal({ compared: 4, ours: [], others: [] });
    expect(verdict.cluster.evidence).to.equal('modelled');
    expect(verdict.reasons.join()).to.contain('0 allocatable');
    expect(await namespaces()).to.deep.equal(before);
    const token = JSON.parse(readFileSync(kubeconfig, 'utf8')).users[0].user.token as string;
    const { exitCode } = await tryRun(['grep', '-rqF', '--', token, out]);
    expect(exitCode, 'grep found the token').to.equal(1);
    expect(readdirSync(join(home, 's', 'ordeal', 'existing'))).to.deep.equal([]);
  });
});
