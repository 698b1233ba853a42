import type { V1Job, V1JobSpec, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { TO_BE_HEARD } from '../heard.ts';
import { absent, type Bench, HOLD, LASTING, LASTING_GRACE_S } from './bench.ts';
import { background, type Early } from './lab.ts';
import { until } from './until.ts';

/** What the suites' Jobs rely on in the Job controller and the garbage collector. */
export function declareJobs(early: Early): void {
  describe('jobs', () => {
    let bench: Bench;
    let retried: Promise<{ job: V1Job; pods: V1Pod[] }>;
    let narrow: Promise<{ ended: V1Job; widest: number }>;
    const batch = () => bench.kube.batch;

    const job = async (name: string, script: string, spec: Partial<V1JobSpec> = {}, graceSeconds = 1) =>
      await batch().createNamespacedJob({
        namespace: bench.namespace,
        body: {
          metadata: { name },
          spec: {
            ...spec,
            template: {
              metadata: { labels: { app: name } },
              spec: bench.pod({ name: '', script, graceSeconds }).spec as NonNullable<V1Pod['spec']>,
            },
          },
        },
      });
    const read = async (name: string) =>
      await batch().readNamespacedJob({ namespace: bench.namespace, name });
    const podsOf = async (name: string) =>
      (
        await bench.kube.core.listNamespacedPod({
          namespace: bench.namespace,
          labelSelector: `app=${name}`,
        })
      ).items;
    const becomes = async (name: string, what: string, probe: (job: V1Job) => boolean) =>
      await until(() => read(name), `job ${name} ${what}`, probe, bench);
    const condition = (subject: V1Job, type: string) =>
      subject.status?.conditions?.find((candidate) => candidate.type === type && candidate.status === 'True');
    const runningPods = async (name: string, count: number) =>
      await waitFor(
        async () => {
          const pods = await podsOf(name);
          return pods.filter(({ status }) => status?.phase === 'Running').length === count ? pods : undefined;
        },
        { what: `${count} pods of job ${name} running`, deadlineMs: bench.deadlineMs },
      );
    const remove = async (name: string, propagationPolicy?: string) =>
      await batch().deleteNamespacedJob({
        namespace: bench.namespace,
        name,
        ...(propagationPolicy ? { propagationPolicy } : {}),
      });
    const jobGone = async (name: string) =>
      await waitFor(async () => (await absent(() => read(name))) || undefined, {
        what: `job ${name} gone`,
        deadlineMs: bench.deadlineMs,
      });
    const podsGone = async (name: string) =>
      await waitFor(async () => (await podsOf(name)).length === 0 || undefined, {
        what: `pods of job ${name} gone`,
        deadlineMs: bench.deadlineMs,
      });

    early(async (lab) => {
      bench = await lab.bench('jobs');
      await Promise.all([
        job('indexed', `echo "index $JOB_COMPLETION_INDEX"; ${TO_BE_HEARD}`, {
          completionMode: 'Indexed',
          completions: 3,
          parallelism: 3,
        }),
        job('owner', 'true'),
        job('brittle', 'exit 1', { backoffLimit: 0 }),
        job('paused', 'true', { suspend: true }),
        job('swept', HOLD, { parallelism: 2 }),
        job('last', LASTING, { parallelism: 2 }, LASTING_GRACE_S),
        job('abandoning', HOLD),
      ]);
      narrow = background(async () => {
        await job('narrow', 'sleep 1', { completions: 4, parallelism: 2 });
        let widest = 0;
        const ended = await becomes('narrow', 'complete', (seen) => {
          widest = Math.max(widest, seen.status?.active ?? 0);
          return condition(seen, 'Complete') !== undefined;
        });
        return { ended, widest };
      });
      // The Job controller waits 10 s before it replaces a failed pod.
      retried = background(async () => {
        await job('retried', 'exit 1', { backoffLimit: 1 });
        const ended = await becomes('retried', 'failed', (seen) => condition(seen, 'Failed') !== undefined);
        return { job: ended, pods: await podsOf('retried') };
      });
    });

    it('Indexed: each pod knows its index, in environment, annotation and name', async () => {
      const { status } = await becomes(
        'indexed',
        'complete',
        (seen) => condition(seen, 'Complete') !== undefined,
      );
      expect(status).to.include({ succeeded: 3, completedIndexes: '0-2' });
      expect(status?.completionTime).to.be.instanceOf(Date);
      const pods = await podsOf('indexed');
      expect(pods).to.have.length(3);
      for (const { metadata } of pods) {
        const index = metadata?.annotations?.['batch.kubernetes.io/job-completion-index'];
        expect(metadata?.name).to.match(new RegExp(`^indexed-${index}-[a-z0-9]{5}$`));
        expect(await bench.log(metadata?.name as string)).to.equal(`index ${index}\n`);
      }
    });

    it('its pods carry the Job’s labels and name it as their controller', async () => {
      const created = await read('owner');
      const [pod] = await waitFor(
        async () => {
          const pods = await podsOf('owner');
          return pods.length > 0 ? pods : undefined;
        },
        { what: 'a pod of the job', deadlineMs: bench.deadlineMs },
      );
      const uid = created.metadata?.uid as string;
      expect(pod?.metadata?.labels).to.include({
        'batch.kubernetes.io/job-name': 'owner',
        'job-name': 'owner',
        'batch.kubernetes.io/controller-uid': uid,
      });
      const [owner] = pod?.metadata?.ownerReferences ?? [];
      expect(owner).to.include({ kind: 'Job', name: 'owner', uid, controller: true });
      expect(created.spec?.selector?.matchLabels).to.deep.equal({
        'batch.kubernetes.io/controller-uid': uid,
      });
    });

    it('never more pods at once than its parallelism, active and ready counted', async () => {
      const { ended, widest } = await narrow;
      expect(ended.status?.succeeded).to.equal(4);
      expect(widest).to.equal(2);
      expect(ended.status?.active ?? 0).to.equal(0);
    });

    it('backoffLimit 0: the first failure fails the Job', async () => {
      const ended = await becomes('brittle', 'failed', (seen) => condition(seen, 'Failed') !== undefined);
      expect(condition(ended, 'Failed')?.reason).to.equal('BackoffLimitExceeded');
      expect(ended.status?.failed).to.equal(1);
      expect(await podsOf('brittle')).to.have.length(1);
    });

    it('backoffLimit 1: one more pod is made, then the Job fails', async () => {
      const { job: ended, pods } = await retried;
      expect(ended.status?.failed).to.equal(2);
      expect(condition(ended, 'Failed')?.reason).to.equal('BackoffLimitExceeded');
      expect(pods).to.have.length(2);
    });

    it('suspended: no pods; resumed: it runs', async () => {
      await becomes('paused', 'suspended', (seen) => condition(seen, 'Suspended') !== undefined);
      expect(await podsOf('paused')).to.be.empty;
      const body = await read('paused');
      if (body.spec) body.spec.suspend = false;
      await batch().replaceNamespacedJob({ namespace: bench.namespace, name: 'paused', body });
      await becomes('paused', 'complete', (seen) => condition(seen, 'Complete') !== undefined);
    });

    it('deleted in the background: the Job goes at once, its pods after it', async () => {
      await runningPods('swept', 2);
      await remove('swept', 'Background');
      await jobGone('swept');
      await podsGone('swept');
    });

    it('deleted in the foreground: the Job stays until its pods have gone', async () => {
      const pods = await runningPods('last', 2);
      for (const { metadata } of pods) await bench.said(metadata?.name as string, 'trapped');
      await remove('last', 'Foreground');
      const { metadata } = await read('last');
      expect(metadata?.finalizers).to.include('foregroundDeletion');
      expect(metadata?.deletionTimestamp).to.be.instanceOf(Date);
      await jobGone('last');
      expect(await podsOf('last')).to.be.empty;
    });

    it('deleted without a policy: its pods go on without an owner', async () => {
      await runningPods('abandoning', 1);
      await remove('abandoning');
      await jobGone('abandoning');
      const [pod] = await podsOf('abandoning');
      expect(pod?.status?.phase).to.equal('Running');
      expect(pod?.metadata?.ownerReferences ?? []).to.be.empty;
      expect(pod?.metadata?.deletionTimestamp).to.equal(undefined);
      await bench.remove(pod?.metadata?.name as string);
    });
  });
}
