import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../../harness/exec/exec.ts';
import { Verdict } from '../../../harness/verdict/verdict.ts';
import { killAllOf } from '../testing/kill-all.ts';
import { containersOf, expectSame, inNode, objectsBy, podFolders } from '../testing/scan.ts';
import { removeSomeonesKind, someonesPair } from '../testing/someones-kind.ts';

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'ordeal.mjs');
/** None of the harness's names: nothing of it may clean up after this test. */
const CLUSTER = 'someones-edge';
const EDGE = `${CLUSTER}-worker`;
const CLOUD = `${CLUSTER}-worker2`;
/** Longer than the dead-man on a node waits for a sign of life. */
const HEALED_MS = 45_000;

/** A cluster by bare kind, with the toolbox image on its workers, and the command pointed at it as at anybody's. */
describe('suite edge on the provider existing, on a cluster that kind alone has made', function () {
  this.timeout(600_000);
  let home: string;
  let kubeconfig: string;
  let image: string;

  const env = () => ({ XDG_STATE_HOME: join(home, 's'), XDG_CONFIG_HOME: join(home, 'c') });
  const ordealArgs = (...args: string[]) => [process.execPath, COMMAND, ...args];
  const ordeal = async (...args: string[]) => {
    const { exitCode, stderr, stdout } = await tryRun(ordealArgs(...args), {
      env: env(),
      timeoutMs: 400_000,
    });
    return { code: exitCode, output: `${stdout}\n${stderr}` };
  };

  /** A plan with these faults, or the suite's own. */
  const planFile = (name: string, faults?: object[], requirements: object = {}) => {
    const path = join(home, `${name}.yaml`);
    const nodes = [EDGE, CLOUD];
    const cluster = { provider: 'existing', context: `kind-${CLUSTER}`, kubeconfig, workloadImage: image };
    const suites = [{ name: 'edge', ...(faults && { faults }) }];
    const plan = { profile: 'as-is', level: 'smoke', cluster: { ...cluster, nodes }, suites, requirements };
    writeFileSync(path, JSON.stringify(plan));
    return path;
  };
  const verdictIn = (out: string) =>
    Verdict.parse(JSON.parse(readFileSync(join(out, 'verdict.json'), 'utf8')));
  const verdictsIn = (out: string) =>
    Object.fromEntries(verdictIn(out).requirements.map(({ id, verdict }) => [id, verdict]));
  const tablesOn = (node: string) => inNode(node, 'nft', 'list', 'tables');

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'edge-kind-'));
    kubeconfig = join(home, 'kubeconfig');
    image = await someonesPair(CLUSTER, kubeconfig);
    const allowed = await ordeal('allow', '--context', `kind-${CLUSTER}`, '--kubeconfig', kubeconfig);
    expect(allowed.code, allowed.output).to.equal(0);
  });

  after(async () => {
    // A caretaker cleans for a minute, and writes into the folder.
    if (home) await killAllOf(join(home, 's'));
    await removeSomeonesKind(CLUSTER);
    if (home) rmSync(home, { recursive: true, force: true });
  });

  const kubectl = async (...args: string[]) =>
    (await run(['kubectl', '--kubeconfig', kubeconfig, ...args], { timeoutMs: 60_000 })).stdout;

  /** Everything that the API has, and what runs on the workers and is in their networks. */
  async function scan(): Promise<Record<string, string[]>> {
    const each = async (look: (node: string) => Promise<string[]>) =>
      (
        await Promise.all(
          [EDGE, CLOUD].map(async (node) => (await look(node)).map((line) => `${node} ${line}`)),
        )
      ).flat();
    return {
      objects: await objectsBy(kubectl),
      tables: await each(tablesOn),
      links: await each((node) => inNode(node, 'ip', '-br', 'link', 'show', 'type', 'wireguard')),
      qdiscs: await each((node) => inNode(node, 'tc', 'qdisc', 'show', 'dev', 'eth0')),
      pods: await each(podFolders),
      containers: await each(containersOf),
    };
  }

  it('is certified where nothing harms beyond its limits, and left as it was found', async () => {
    const before = await scan();
    const out = join(home, 'certified');
    const plan = planFile('certified', undefined, { 'EDGE-4': { skip: 'the pod network is not ours' } });
    const { code, output } = await ordeal('run', '--plan', plan, '--out', out);
    expect(code, output).to.equal(0);
    const { faults, left, requirements } = verdictIn(out);
    expect(faults.map(({ bit, healed, kind }) => ({ bit, healed, kind }))).to.deep.equal([
      { bit: true, healed: true, kind: 'network/partition' },
      { bit: true, healed: true, kind: 'network/broker-restart' },
    ]);
    expect(requirements[0]).to.include({ id: 'EDGE-1', evidence: 'real-kernel' });
    // The partition was the pods' alone: longer than their probes need, and nothing to the host.
    expect(requirements[0]?.measured).to.be.within(6, 10);
    expect(verdictsIn(out)).to.include({ 'EDGE-2': 'pass', 'EDGE-3': 'pass', 'EDGE-5': 'pass' });
    expect(left).to.deep.equal({ compared: 3, ours: [], others: [] });
    await expectSame(before, scan);
  });

  it('is refused where pods are cut off for longer than ten seconds, and tells nothing of tunnels that it cannot see', async () => {
    const before = await scan();
    const out = join(home, 'refused');
    const plan = planFile('refused', [{ kind: 'network/partition', with: { for: '12s', match: 'tunnel' } }]);
    const { code, output } = await ordeal('run', '--plan', plan, '--out', out);
    expect(code, output).to.equal(1);
    expect(verdictsIn(out)).to.include({ 'EDGE-1': 'fail', 'EDGE-4': 'inconclusive', 'EDGE-5': 'pass' });
    const { left, requirements } = verdictIn(out);
    expect(requirements.find(({ id }) => id === 'EDGE-4')?.reason).to.contain('nothing can be seen');
    expect(left).to.deep.equal({ compared: 3, ours: [], others: [] });
    await expectSame(before, scan);
  });

  it('heals a node whose harness was killed with all that it had on its machine, and cleans up after it', async () => {
    const before = await scan();
    const plan = planFile('killed', [{ kind: 'network/partition', with: { for: '5m', match: 'all' } }]);
    const [command, ...args] = ordealArgs('run', '--plan', plan, '--out', join(home, 'killed'));
    const harness = execa(command as string, args, { env: env(), reject: false });
    let said = '';
    for (const stream of [harness.stdout, harness.stderr]) stream.on('data', (chunk) => (said += chunk));
    const isCut = async () => (await tablesOn(EDGE)).includes('table inet ordeal_cut');
    await waitFor(isCut, { what: 'the partition', deadlineMs: 120_000, intervalMs: 200, seen: () => said });
    // The caretaker, who would clean up, and each kubectl go with it: as where the machine is gone.
    await killAllOf(join(home, 's'));
    await harness;
    const from = systemClock.mono();
    await waitFor(async () => !(await isCut()), { what: 'the node healed', deadlineMs: HEALED_MS });
    process.stdout.write(`      healed in ${Math.round(systemClock.mono() - from)} ms\n`);
    const cleaned = await ordeal('clean');
    expect(cleaned.code, cleaned.output).to.equal(0);
    expect(cleaned.output).to.contain('fault network/partition').and.to.contain(`of context kind-${CLUSTER}`);
    expect((await ordeal('clean')).output).to.not.contain('network/partition');
    await expectSame(before, scan);
  });
});
