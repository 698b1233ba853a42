import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { OrdealError } from '../../harness/errors/error.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { podLog } from '../../harness/kube/pod-log.ts';
import { Plan } from '../../harness/plan/schema.ts';
import type { StepContext } from '../../harness/run/ports.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { findK3sImages } from '../images/k3s-images.ts';
import type { Cluster, ClusterNode } from '../port.ts';
import { k3sProvider } from './provider.ts';

const MINUTE = 60_000;
const NAME = 'ordeal-k3s-test';

/** Names of what there is of a cluster. */
async function left(name: string): Promise<string[]> {
  const containers = await run(['docker', 'ps', '--all', '--format', '{{.Names}}']);
  const networks = await run(['docker', 'network', 'ls', '--format', '{{.Name}}']);
  return `${containers.stdout}\n${networks.stdout}`.split('\n').filter((found) => found.startsWith(name));
}

const volumes = async () => (await run(['docker', 'volume', 'ls', '--quiet'])).stdout.split('\n').sort();

/** A step on a scratch folder of its own. */
async function step(cluster: { name: string; workers?: number }): Promise<StepContext> {
  const workDir = await mkdtemp(join(tmpdir(), 'ok-'));
  return {
    plan: Plan.parse({ cluster: { provider: 'k3s', ...cluster } }),
    runId: 'provider-test',
    outDir: join(workDir, 'out'),
    workDir,
    clock: systemClock,
    signal: new AbortController().signal,
    undo: new UndoStack(),
    log: pino({ level: 'silent' }),
    progress: () => {},
  };
}

/** Undoes a step, sees that it could be, and that nothing is left. */
async function undone({ undo, workDir }: StepContext): Promise<void> {
  const failed = await undo.unwind(MINUTE);
  const folders = existsSync(join(workDir, 'k'));
  await rm(workDir, { recursive: true, force: true });
  expect(failed).to.deep.equal([]);
  expect(folders).to.equal(false);
}

describe('k3s provider', function () {
  this.timeout(5 * MINUTE);

  describe('with the five agents that it has unless told', () => {
    let context: StepContext;
    let cluster: Cluster;
    let agents: ClusterNode[];
    let volumesBefore: string[];

    before(async () => {
      volumesBefore = await volumes();
      context = await step({ name: NAME });
      const started = systemClock.mono();
      cluster = await k3sProvider.up(context);
      console.log(
        `      server and 5 agents Ready in ${((systemClock.mono() - started) / 1_000).toFixed(1)} s`,
      );
      agents = cluster.nodes.filter(({ role }) => role === 'worker');
    });

    after(async () => {
      cluster?.kube.close();
      await undone(context);
      expect(await left(NAME)).to.deep.equal([]);
      // Another's may have gone meanwhile; none may have come.
      expect((await volumes()).filter((name) => !volumesBefore.includes(name))).to.deep.equal([]);
    });

    it('has every node Ready, and says whether it is K3s or its double', async () => {
      const names = [1, 2, 3, 4, 5].map((index) => `${NAME}-agent${index}`);
      expect(cluster.nodeNames).to.deep.equal([`${NAME}-server`, ...names]);
      expect(cluster.evidence).to.equal('real-kubernetes');
      const images = await findK3sImages();
      const name = images?.source === 'double' ? 'k3s (double)' : 'k3s';
      expect(cluster.provider).to.equal(name);
      expect(cluster.versions[name]).to.equal(images?.nodeImage);
      expect(cluster.versions.kubernetes).to.contain('v1.34.4');
    });

    it('answers kubectl', async () => {
      const [server] = cluster.nodes;
      const answer = await server?.exec(['k3s', 'kubectl', 'get', 'nodes', '--no-headers']);
      expect(answer?.stdout.match(/ Ready /g)).to.have.length(6);
    });

    it('carries pods’ traffic from one node to another over flannel’s vxlan', async () => {
      const namespace = 'default';
      const pod = async (name: string, node: string | undefined, script: string) => {
        const container = {
          name: 'main',
          image: cluster.workloadImage,
          imagePullPolicy: 'Never',
          command: ['node', '--eval', script],
        };
        const spec = {
          nodeName: node ?? '',
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 0,
          containers: [container],
        };
        await cluster.kube.core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
      };
      await pod(
        'server',
        agents[0]?.name,
        'http.createServer((_, answer) => answer.end("x".repeat(1e5))).listen(80)',
      );
      const address = await waitFor(
        async () => {
          const { status } = await cluster.kube.core.readNamespacedPod({ namespace, name: 'server' });
          return status?.phase === 'Running' && status.podIP;
        },
        { what: 'the server’s address', deadlineMs: MINUTE },
      );
      // A container that runs need not listen yet.
      const again = 'new Promise((resolve) => setTimeout(resolve, 200)).then(ask)';
      const ask = `fetch("http://${address}").then((answer) => answer.text()).catch(() => ${again})`;
      const script = `const ask = () => ${ask}; ask().then(({ length }) => console.log(length))`;
      await pod('client', agents[4]?.name, script);
      await waitFor(
        async () => {
          const { status } = await cluster.kube.core.readNamespacedPod({ namespace, name: 'client' });
          return status?.phase === 'Succeeded';
        },
        { what: 'the client’s end', deadlineMs: MINUTE },
      );
      const [line] = await podLog(cluster.kube, namespace, 'client', 'main');
      expect(line?.line).to.equal('100000');
      const routes = await agents[4]?.exec(['ip', 'route', 'get', address]);
      expect(routes?.stdout).to.contain('dev flannel.1');
    });

    it('restarts a kubelet where it says that it can', async function () {
      if (!cluster.capabilities.has('restart-kubelet')) this.skip();
      const [agent] = agents;
      const process = async () => (await agent?.exec(['pgrep', '--exact', 'kubelet']))?.stdout;
      const before = await process();
      await agent?.restartKubelet();
      await waitFor(async () => ![before, ''].includes(await process()), {
        what: 'another kubelet',
        deadlineMs: MINUTE,
      });
    });

    it('exports logs of every node', async () => {
      const logs = join(context.workDir, 'logs');
      await cluster.exportLogs(logs);
      for (const name of cluster.nodeNames)
        expect(readdirSync(logs)).to.include.members([name, `${name}.log`]);
    });

    it('refuses a second cluster of the same name, and leaves the first alone', async () => {
      const second = await step({ name: NAME });
      const error = await k3sProvider.up(second).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'K3S_CLUSTER_EXISTS', exit: 4 });
      await undone(second);
      expect(await left(NAME)).to.have.length(7);
    });

    it('is not swept while its owner lives', async () => {
      expect(await k3sProvider.clean()).not.to.include(`k3s cluster ${NAME}`);
      expect(await left(NAME)).to.have.length(7);
    });
  });

  describe('a start-up that fails half way', () => {
    const BROKEN = 'ordeal-k3s-broken';

    it('leaves nothing where a container cannot be made', async () => {
      const images = await findK3sImages();
      const taken = `${BROKEN}-agent2`;
      await run(['docker', 'create', '--name', taken, images?.nodeImage ?? '']);
      try {
        const context = await step({ name: BROKEN, workers: 2 });
        const error = (await k3sProvider.up(context).catch((thrown: unknown) => thrown)) as OrdealError;
        expect(error).to.include({ code: 'K3S_START_FAILED', exit: 4 });
        expect(error.seen).to.contain(taken);
        await undone(context);
        expect(await left(BROKEN)).to.deep.equal([taken]);
      } finally {
        await run(['docker', 'rm', '--volumes', taken]);
      }
    });

    it('says what an agent said that ended, and leaves nothing', async () => {
      const context = await step({ name: BROKEN, workers: 2 });
      const up = k3sProvider.up(context).catch((thrown: unknown) => thrown);
      const agent = `${BROKEN}-agent2`;
      await waitFor(async () => (await tryRun(['docker', 'kill', agent])).exitCode === 0, {
        what: `${agent} to be there`,
        deadlineMs: MINUTE,
      });
      const error = (await up) as OrdealError;
      expect(error).to.include({ code: 'K3S_NODE_ENDED', exit: 4 });
      expect(error.tried).to.contain(agent);
      expect(readdirSync(join(context.outDir, 'cluster-logs'))).to.include(`${BROKEN}-server.log`);
      await undone(context);
      expect(await left(BROKEN)).to.deep.equal([]);
    });
  });
});
