import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../../harness/exec/exec.ts';
import { Verdict } from '../../../harness/verdict/verdict.ts';
import type { ImageSet } from '../../images/images.ts';
import { killAllOf } from '../testing/kill-all.ts';
import { removeSomeonesKind, someonesKind } from '../testing/someones-kind.ts';

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'ordeal.mjs');
/** None of the harness's names: nothing of it may clean up after this test. */
const CLUSTER = 'someones-inside';
const WORKER = `${CLUSTER}-worker`;
/** Of the Service that a cluster has for its API server. */
const API_SERVICE = '10.96.0.1';

describe('the harness in a cluster that kind alone has made', function () {
  this.timeout(400_000);
  let home: string;
  let kubeconfig: string;
  let images: ImageSet;

  const env = () => ({ XDG_STATE_HOME: join(home, 's'), XDG_CONFIG_HOME: join(home, 'c') });
  const at = () => ['--context', `kind-${CLUSTER}`, '--kubeconfig', kubeconfig];
  const runOf = (profile: string, out: string) => [
    ...[COMMAND, 'run', '--in-cluster', '--suite', 'gpu', '--profile', profile, '--level', 'smoke', ...at()],
    ...['--set', `cluster.workloadImage=${images.workloadImage}`, '--out', join(home, out)],
    // Two processors hold the cluster, the harness and this test.
    ...['--set', 'requirements.GPU-4.threshold=1500', '--set', 'suites.0.settings.starts=16'],
  ];
  const ordeal = async (argv: readonly string[]) => {
    const options = { env: env(), timeoutMs: 300_000 };
    const { exitCode, stderr, stdout } = await tryRun([process.execPath, ...argv], options);
    return { code: exitCode, output: `${stdout}\n${stderr}` };
  };
  const kubectl = async (...args: string[]) =>
    (await run(['kubectl', '--kubeconfig', kubeconfig, ...args], { timeoutMs: 60_000 })).stdout;
  const verdictIn = (out: string) =>
    Verdict.parse(JSON.parse(readFileSync(join(home, out, 'verdict.json'), 'utf8')));
  const started = (argv: readonly string[]) => {
    const child = execa(process.execPath, argv, { env: env(), reject: false, all: true });
    let said = '';
    child.all.on('data', (chunk) => {
      said += chunk;
    });
    const saying = (what: string) =>
      waitFor(() => said.includes(what), { what, deadlineMs: 180_000, seen: () => said });
    return { child, saying };
  };

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'in-cluster-kind-'));
    kubeconfig = join(home, 'kubeconfig');
    images = await someonesKind(CLUSTER, kubeconfig);
    if (images.source === 'local') await serveApiToPods();
    const allowed = await ordeal([COMMAND, 'allow', ...at()]);
    expect(allowed.code, allowed.output).to.equal(0);
  });

  after(async () => {
    // A caretaker cleans for a minute, and writes into the folder.
    if (home) await killAllOf(join(home, 's'));
    await removeSomeonesKind(CLUSTER);
    if (home) rmSync(home, { recursive: true, force: true });
  });

  /** The node image that is made here comes without kube-proxy: this is what it would do for the one Service there is. */
  async function serveApiToPods(): Promise<void> {
    const server = await kubectl(
      'get',
      'endpoints',
      'kubernetes',
      '--output=jsonpath={.subsets[0].addresses[0].ip}',
    );
    const nat = ['docker', 'exec', WORKER, 'iptables', '--table', 'nat', '--append'];
    const served = ['--destination', API_SERVICE, '--protocol', 'tcp', '--dport', '443'];
    await run([...nat, 'PREROUTING', ...served, '--jump', 'DNAT', '--to-destination', `${server}:6443`]);
    await run([
      ...nat,
      'POSTROUTING',
      '--source',
      '10.244.0.0/16',
      '--destination',
      server,
      '--jump',
      'MASQUERADE',
    ]);
  }

  /** All that has a mark of the harness, of whatever kind a run makes. */
  async function left(): Promise<string[]> {
    const kinds = 'namespaces,clusterroles,clusterrolebindings,leases,nodes';
    const listed = await kubectl('get', kinds, '--all-namespaces', '--output=json');
    return JSON.parse(listed).items.flatMap(
      ({
        kind,
        metadata,
        status,
      }: {
        kind: string;
        metadata: { name: string };
        status?: { capacity?: object };
      }) =>
        /ordeal/.test(metadata.name) || /ordeal/.test(JSON.stringify(status?.capacity ?? {}))
          ? [`${kind} ${metadata.name}`]
          : [],
    );
  }

  /** Everything that a run wrote, for what must not be in it. */
  function written(folder: string): string {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      .join('\n');
  }

  it('certifies it by a Job, with the verdict, the exit code and the files of a run from outside', async () => {
    const looked = await ordeal([COMMAND, 'doctor', '--in-cluster', ...at()]);
    expect(looked.code, looked.output).to.equal(0);
    const { code, output } = await ordeal(runOf('hardened', 'certified'));
    expect(code, output).to.equal(0);
    expect(output).to.contain('gpu: steady state');
    const { cluster, faults, left: found, requirements } = verdictIn('certified');
    expect(cluster).to.include({
      name: `kind-${CLUSTER}`,
      provider: 'existing',
      evidence: 'real-kubernetes',
    });
    expect(faults.map(({ bit, healed }) => bit && healed)).to.deep.equal([true, true, true, true]);
    expect(found).to.deep.equal({ compared: 2, ours: [], others: [] });
    expect(requirements.find(({ id }) => id === 'GPU-1')).to.include({ verdict: 'pass', measured: 0 });
    // Nodes of one kernel have one clock.
    const history = readFileSync(join(home, 'certified', 'events.jsonl'), 'utf8');
    const [clock] = history
      .split('\n')
      .flatMap((line) => (line.includes('"node.clock"') ? [JSON.parse(line)] : []));
    expect(clock).to.include({ source: `node/${WORKER}` });
    expect(clock.body.fromMs).to.be.at.most(0);
    expect(clock.body.toMs).to.be.at.least(0);
    expect(await left()).to.deep.equal([]);
    const everything = written(join(home, 'certified')) + output;
    // A token's header, and what a kubeconfig has of keys.
    expect(everything).to.not.match(/eyJhbGciOi|LS0tLS1CRUdJTi|client-key-data|PRIVATE KEY/);
  });

  it('is interrupted with it, heals, and leaves nothing', async () => {
    const { child, saying } = started(runOf('hardened', 'interrupted'));
    await saying('gpu: steady state');
    child.kill('SIGINT');
    const { all, exitCode } = await child;
    expect(exitCode, all).to.equal(130);
    expect(verdictIn('interrupted').verdict).to.equal('inconclusive');
    expect(await left()).to.deep.equal([]);
  });

  it('is inconclusive where its pod vanished, and leaves nothing all the same', async () => {
    const { child, saying } = started(runOf('hardened', 'vanished'));
    await saying('gpu: steady state');
    const [namespace] = (await left()).flatMap((what) => /^Namespace (.*-harness)$/.exec(what)?.[1] ?? []);
    await kubectl('delete', 'pods', '--all', '--namespace', namespace ?? '', '--grace-period=0', '--force');
    const { all, exitCode } = await child;
    expect(exitCode, all).to.equal(2);
    expect(verdictIn('vanished').verdict).to.equal('inconclusive');
    expect(readFileSync(join(home, 'vanished', 'events.jsonl'), 'utf8')).to.contain(
      'the harness in the cluster:',
    );
    expect(await left()).to.deep.equal([]);
  });

  it('is cleaned of a run whose outside was killed', async () => {
    const { child, saying } = started(runOf('incident', 'killed'));
    await saying('gpu: steady state');
    child.kill('SIGKILL');
    await child;
    const cleaned = await ordeal([COMMAND, 'clean']);
    expect(cleaned.code, cleaned.output).to.equal(0);
    await waitFor(async () => (await left()).length === 0, {
      what: 'a cluster with nothing of the harness',
      deadlineMs: 60_000,
      intervalMs: 1_000,
    });
  });
});
