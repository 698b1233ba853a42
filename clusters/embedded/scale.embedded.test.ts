import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { burst } from '../../harness/kube/burst.ts';
import { connect } from '../../harness/kube/client.ts';
import { watchResource } from '../../harness/kube/watch.ts';
import { EmbeddedCluster } from './cluster.ts';
import { ClusterSettings, clusterFiles } from './settings.ts';

/** Of 192 processors a node: eight pods have room, and as many again wait. */
const CPU = '24';
const PODS_PER_NODE = 16;
const PODS_PER_JOB = 8;
const JOB = {
  completions: PODS_PER_JOB,
  parallelism: PODS_PER_JOB,
  template: {
    spec: {
      restartPolicy: 'Never',
      containers: [
        { name: 'main', image: 'x', command: ['sleep', '1'], resources: { limits: { cpu: CPU } } },
      ],
    },
  },
};
/** Whatever grows with nodes times pods is eight times as much a pod; how many pods had to wait is the machine's matter. */
const SLACK = 2;

/** How much was done for each pod that such a cluster ran, under a quota and a watch. */
async function effortPerPod(workers: number): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'os-'));
  const settings = { name: 'scale', runId: `scale-${process.pid}`, folder, workers, startLatencyMs: 50 };
  const cluster = new EmbeddedCluster(ClusterSettings.parse(settings), systemClock);
  const ending = new AbortController();
  const namespace = 'default';
  try {
    await cluster.start();
    const kube = await connect(clusterFiles(folder).kubeconfig);
    const pods = workers * PODS_PER_NODE;
    const succeeded = new Set<string>();
    const watch = watchResource({
      ...{ kube, path: `/api/v1/namespaces/${namespace}/pods`, clock: systemClock, signal: ending.signal },
      onEvent: (_, { metadata, status }: { metadata?: { uid?: string }; status?: { phase?: string } }) => {
        if (status?.phase === 'Succeeded') succeeded.add(metadata?.uid ?? '');
      },
    });
    await watch.synced;
    await kube.core.createNamespacedResourceQuota({
      namespace,
      body: { metadata: { name: 'all' }, spec: { hard: { pods: String(pods) } } },
    });
    const before = { pods: cluster.store.effort('pods'), quotas: cluster.store.effort('resourcequotas') };
    const scheduled = { ...cluster.scheduler.effort };
    const names = Array.from({ length: pods / PODS_PER_JOB }, (_, index) => `job-${index}`);
    const made = await burst(names, (name) =>
      kube.batch.createNamespacedJob({ namespace, body: { metadata: { name }, spec: JOB } }),
    );
    expect(made.filter(({ status }) => status === 'rejected')).to.deep.equal([]);
    await waitFor(() => succeeded.size === pods, {
      what: `the end of ${pods} pods`,
      deadlineMs: 120_000,
      seen: () => `${succeeded.size} have ended`,
    });
    const after = { pods: cluster.store.effort('pods'), quotas: cluster.store.effort('resourcequotas') };
    const { effort } = cluster.scheduler;
    ending.abort();
    await watch.stop();
    kube.close();
    const per = (amount: number) => amount / pods;
    return {
      'changes of pods': per(after.pods.changes - before.pods.changes),
      'changes of pods that somebody heard': per(after.pods.delivered - before.pods.delivered),
      'pods written out': per(after.pods.encoded - before.pods.encoded),
      'changes of quotas': per(after.quotas.changes - before.quotas.changes),
      'pods considered': per(effort.pods - scheduled.pods),
      'nodes considered': per(effort.nodes - scheduled.nodes),
    };
  } finally {
    ending.abort();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('an embedded cluster of eight times the nodes and pods', function () {
  this.timeout(180_000);

  it('does as much for each pod', async () => {
    const small = await effortPerPod(2);
    const large = await effortPerPod(16);

    for (const [what, figure] of Object.entries(large)) {
      expect(figure, `${what} a pod, ${small[what]} in the small cluster`).to.be.at.most(
        (small[what] as number) * SLACK,
      );
    }
  });
});
