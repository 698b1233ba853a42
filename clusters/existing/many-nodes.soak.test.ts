import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Verdict } from '../../harness/verdict/verdict.ts';
import { type SimulatedCluster, startSimulatedCluster } from './testing/simulated/cluster.ts';
import { Pointed, type Said, total } from './testing/simulated/command.ts';

const NAME = `simulated-${process.pid}`;
const NODES = 1_000;
/** Whatever the number of nodes: permissions, the lock, namespaces and the Jobs of two waves, with room for a slow machine. */
const BESIDES = 1_000;
/** 200 by the harness’s own pace, and each log once more at the start and at the end. */
const MOST_LOGS_A_SECOND = 300;

/** A real API server; nodes that are simulated, so that what their pods would have run was never run. */
describe(`provider existing, on an API server with ${NODES} simulated nodes`, function () {
  this.timeout(900_000);
  let home: string;
  let cluster: SimulatedCluster;
  let pointed: Pointed;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'many-nodes-'));
    cluster = await startSimulatedCluster(NAME, { nodes: NODES, watchersSpeak: true });
    pointed = new Pointed(cluster, NAME, home);
  });

  after(async () => {
    await cluster?.end();
    rmSync(home, { recursive: true, force: true });
  });

  const namespaces = async () =>
    (await cluster.kube.core.listNamespace()).items.map(({ metadata }) => metadata?.name).sort();
  const verdictOf = (out: string) =>
    Verdict.parse(JSON.parse(readFileSync(join(out, 'verdict.json'), 'utf8')));
  const lists = ({ requests }: Said) => requests.get('list nodes') ?? 0;

  it('is allowed, and examined, by one list of its nodes each', async () => {
    const allowed = await pointed.ordeal('allow');
    expect(allowed.code, allowed.output).to.equal(0);
    expect(allowed.output).to.contain('node-0999, Ready').and.to.contain('8 nvidia.com/gpu');
    const examined = await pointed.ordeal('doctor');
    expect(examined.code, examined.output).to.equal(0);
    for (const said of [allowed, examined]) {
      expect(lists(said)).to.equal(1);
      expect(total(said.requests)).to.be.below(60);
    }
  });

  it('tells of every node that a pod there said nothing, and asks for little besides', async () => {
    const before = await namespaces();
    const { code, output, requests } = await pointed.ordeal('doctor', '--image', 'any');
    expect(code, output).to.equal(4);
    expect(output.match(/nothing seen/g)).to.have.length(NODES);
    expect(await namespaces()).to.deep.equal(before);
    // A pod, its log, and why there was none.
    expect(total(requests)).to.be.below(3 * NODES + BESIDES);
  });

  it('tells what a run would do, without a request', async () => {
    const { code, output, requests } = await pointed.run('--dry-run');
    expect(code, output).to.equal(0);
    expect(output).to.contain(`existing, context ${NAME}, every node that it can work on`);
    expect(total(requests)).to.equal(0);
  });

  it('is never certified by pods that ran nothing, and is left as it was found', async () => {
    const before = await namespaces();
    const out = join(home, 'out');
    // Where pods are put and how many a quota lets in is true of simulated nodes, too.
    const said = await pointed.run('--out', out, '--set', 'requirements.GPU-7.skip=no cap');
    expect(said.code, said.output).to.equal(2);
    const verdict = verdictOf(out);
    expect(verdict.verdict).to.equal('inconclusive');
    expect(verdict.cluster.evidence).to.equal('modelled');
    const judged = verdict.requirements.filter(({ id }) => id !== 'GPU-7');
    expect(judged.map(({ id, verdict: of }) => `${id} ${of}`)).to.deep.equal(
      ['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4', 'GPU-5', 'GPU-6'].map((id) => `${id} inconclusive`),
    );
    // Its Jobs did complete: what is missing is what their containers saw.
    expect(readFileSync(join(out, 'events.jsonl'), 'utf8')).to.contain('"phase":"Succeeded"');
    expect(verdict.left).to.deep.equal({ compared: NODES, ours: [], others: [] });
    expect(await namespaces()).to.deep.equal(before);
    expect(readdirSync(join(home, 's', 'ordeal', 'existing'))).to.deep.equal([]);
    expect(said.requests.get('get nodes') ?? 0).to.equal(0);
    expect(lists(said)).to.be.below(20);
    // A simulated log ends at once, and is read again for as long as the run lasts.
    const logs = said.requests.get('get pods/log') ?? 0;
    expect(logs / said.seconds).to.be.below(MOST_LOGS_A_SECOND);
    // A pod that watches, and its clock.
    expect(total(said.requests) - logs).to.be.below(2 * NODES + BESIDES);
  });
});
