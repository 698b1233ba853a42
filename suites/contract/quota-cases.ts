import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { type Bench, refused } from './bench.ts';
import { type Lab, resourceOf } from './lab.ts';

/** ResourceQuota, as the remedy against overbooked namespaces relies on it. */
export function declareQuota(getLab: () => Lab): void {
  describe('resource quota', () => {
    let bench: Bench;
    // No node has it: pods stay Pending and use quota all the same.
    const resource = resourceOf('none');
    const key = `requests.${resource}`;

    const used = async (amount: string) =>
      await waitFor(
        async () => {
          const quota = await getLab().kube.core.readNamespacedResourceQuota({
            namespace: bench.namespace,
            name: 'devices',
          });
          return quota.status?.used?.[key] === amount ? quota : undefined;
        },
        { what: `${amount} of ${key} used`, deadlineMs: 30_000 },
      );

    before(async () => {
      bench = await getLab().bench('quota');
      await getLab().kube.core.createNamespacedResourceQuota({
        namespace: bench.namespace,
        body: { metadata: { name: 'devices' }, spec: { hard: { [key]: '2' } } },
      });
      await used('0');
    });

    it('counts what was accepted and refuses the pod that would exceed it, 403', async () => {
      await bench.create({ name: 'within', devices: [resource, 2] });
      const quota = await used('2');
      expect(quota.status?.hard).to.deep.equal({ [key]: '2' });
      const outcome = await refused(
        getLab().kube.core.createNamespacedPod({
          namespace: bench.namespace,
          body: bench.pod({ name: 'beyond', devices: [resource, 1] }),
        }),
      );
      expect(outcome.status).to.equal(403);
      const status = JSON.parse(outcome.body);
      expect(status.reason).to.equal('Forbidden');
      expect(status.message).to.contain('exceeded quota: devices');
      expect(status.message).to.contain(`requested: ${key}=1, used: ${key}=2, limited: ${key}=2`);
    });

    it('a Job over the quota says so in an event, and gets its pod when there is room', async () => {
      const { kube } = getLab();
      await kube.batch.createNamespacedJob({
        namespace: bench.namespace,
        body: {
          metadata: { name: 'waiting' },
          spec: {
            template: {
              metadata: { labels: { app: 'waiting' } },
              spec: bench.pod({ name: '', devices: [resource, 1] }).spec as NonNullable<
                ReturnType<Bench['pod']>['spec']
              >,
            },
          },
        },
      });
      const event = await waitFor(
        async () =>
          (
            await kube.core.listNamespacedEvent({
              namespace: bench.namespace,
              fieldSelector: 'involvedObject.kind=Job,reason=FailedCreate',
            })
          ).items[0],
        { what: 'an event FailedCreate of the job', deadlineMs: 30_000 },
      );
      expect(event.type).to.equal('Warning');
      expect(event.message).to.contain('exceeded quota: devices');
      expect(event.involvedObject.name).to.equal('waiting');
      await bench.remove('within');
      await waitFor(
        async () =>
          (await kube.core.listNamespacedPod({ namespace: bench.namespace, labelSelector: 'app=waiting' }))
            .items.length === 1 || undefined,
        { what: 'the job’s pod', deadlineMs: 45_000 },
      );
      await used('1');
    });

    it('a pod that ended gives its share back, though it is still there', async () => {
      const limited = await getLab().bench('quota-ended');
      await getLab().kube.core.createNamespacedResourceQuota({
        namespace: limited.namespace,
        body: { metadata: { name: 'pods' }, spec: { hard: { 'requests.cpu': '100m' } } },
      });
      await waitFor(
        async () =>
          (
            await getLab().kube.core.readNamespacedResourceQuota({
              namespace: limited.namespace,
              name: 'pods',
            })
          ).status?.used?.['requests.cpu'] === '0' || undefined,
        { what: 'the quota’s first count', deadlineMs: 30_000 },
      );
      await limited.finish({ name: 'first', script: 'true', cpu: '100m' });
      await waitFor(
        async () =>
          await limited.create({ name: 'second', script: 'true', cpu: '100m' }).catch((error: unknown) => {
            if (/exceeded quota/.test(String(error))) return undefined;
            throw error;
          }),
        { what: 'room after the first pod ended', deadlineMs: 30_000 },
      );
    });
  });
}
