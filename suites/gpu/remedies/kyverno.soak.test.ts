import { basename } from 'node:path';
import { type KubernetesObject, PatchStrategy } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { SimulatedCluster } from '../../../clusters/existing/testing/simulated/cluster.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import { burstOrThrow } from '../../../harness/kube/burst.ts';
import { Plan } from '../../../harness/plan/schema.ts';
import { resolve, settingsOf } from '../settings.ts';
import { bystanderJob, trainingJob } from '../workload/jobs.ts';
import {
  makeNamespace,
  pod,
  putInForce,
  putRefusing,
  REFUSING,
  SLOTS,
  slotsOf,
  startCappedCluster,
  takeOff,
  untilGiven,
  WAYS,
} from './testing/capped.ts';
import { KyvernoBeside } from './testing/kyverno.ts';
import { objectsOf } from './testing/objects.ts';

/** What Kyverno has the API server ask it about. */
const WEBHOOKS = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'kyverno-resource-mutating-webhook-cfg', namespace: '' },
};
interface WebhookConfiguration extends KubernetesObject {
  webhooks: { failurePolicy: string }[];
}
interface Policy extends KubernetesObject {
  status?: { conditions?: { type: string; status: string }[]; conditionStatus?: { ready?: boolean } };
}
/** What a policy of each kind says of itself, and what has it let pods in while Kyverno is away. */
const KYVERNOS = [
  {
    manifest: WAYS.kyverno,
    ready: (status: Policy['status']) =>
      status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
    ignoring: { webhookConfiguration: { failurePolicy: 'Ignore' } },
    fallsOpen: false,
  },
  {
    manifest: WAYS['kyverno-mutating'],
    ready: (status: Policy['status']) => status?.conditionStatus?.ready,
    ignoring: { failurePolicy: 'Ignore' },
    // It answers before it knows its policies of this kind: https://github.com/kyverno/kyverno/issues/16281 was about the other.
    fallsOpen: true,
  },
];
const NAME = `capped-${process.pid}`;
const DEADLINE_MS = 60_000;
const RESTARTS = 3;

/** A real API server, scheduler, Job controller and Kyverno; nodes that are simulated. */
describe('the cap on GPU pods of a node, where Jobs do not ask for it', function () {
  this.timeout(900_000);
  let cluster: SimulatedCluster;
  let kyverno: KyvernoBeside;

  before(async function () {
    // Where it is not in the cache, Kyverno is built.
    this.timeout(3_600_000);
    cluster = await startCappedCluster(NAME);
    kyverno = await KyvernoBeside.startedAt(cluster);
  });

  after(() => cluster?.end());

  /** The slots of the pods of a Job, each a list of its containers'. */
  const slotsOfJob = async (namespace: string, job: string, pods: number) => {
    let seen = 'no pods';
    return await waitFor(
      async () => {
        const { items } = await cluster.kube.core.listNamespacedPod({
          namespace,
          labelSelector: `job-name=${job}`,
        });
        seen = items.length > 0 ? `${items.length} pods` : await told(namespace);
        return items.length === pods && items.map(slotsOf);
      },
      { what: `${pods} pods of Job ${job}`, deadlineMs: DEADLINE_MS, intervalMs: 250, seen: () => seen },
    );
  };

  const told = async (namespace: string) =>
    (await cluster.kube.core.listNamespacedEvent({ namespace })).items
      .map(({ message }) => message)
      .join('\n');

  /** How many of twenty pods with a GPU come to which node; they are gone when this answers. */
  const placed = async (namespace: string) => {
    const { core } = cluster.kube;
    const pods = Array.from({ length: 20 }, (_, index) => pod(`many-${index}`, 1));
    const labels = { many: 'true' };
    await burstOrThrow(pods, (body) =>
      core.createNamespacedPod({ namespace, body: { ...body, metadata: { ...body.metadata, labels } } }),
    );
    const list = async () =>
      (await core.listNamespacedPod({ namespace, labelSelector: 'many=true' })).items.map((each) => ({
        node: each.spec?.nodeName ?? 'none',
        told: each.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') ?? false,
      }));
    const decided = await waitFor(
      async () => {
        const all = await list();
        return all.every(({ node, told }) => node !== 'none' || told) && all;
      },
      { what: 'a decision of the scheduler on each pod', deadlineMs: DEADLINE_MS, intervalMs: 250 },
    );
    await core.deleteCollectionNamespacedPod({ namespace });
    await waitFor(async () => (await list()).length === 0, { what: 'no pods', deadlineMs: DEADLINE_MS });
    const counts: Record<string, number> = {};
    for (const { node } of decided) counts[node] = (counts[node] ?? 0) + 1;
    return counts;
  };

  const { remedies, settings } = settingsOf(resolve(Plan.parse({ profile: 'hardened' })));
  const training = (name: string, namespace: string, jobCap: number | false) =>
    trainingJob({
      ...{ name, namespace, image: 'none', framework: 'pytorch', replicas: 2, settings },
      remedies: { ...remedies, jobCap },
    });

  it('is none by itself: a node gets as many as it has GPUs', async () => {
    await makeNamespace(cluster, 'none');
    expect(await placed('none')).to.deep.equal({ 'node-0000': 8, 'node-0001': 8, none: 4 });
  });

  for (const [way, manifest] of Object.entries(WAYS)) {
    describe(`by ${basename(manifest)}`, () => {
      const namespace = `by-${way}`;

      before(async () => {
        await makeNamespace(cluster, namespace);
        await putInForce(cluster, manifest, namespace);
      });

      after(() => takeOff(cluster, manifest, namespace));

      it('gives every pod of a Job that asks for GPUs a slot, as if it had asked itself', async () => {
        const { batch } = cluster.kube;
        for (const [name, jobCap] of [
          ['asks-not', false],
          ['asks', SLOTS],
        ] as const) {
          await batch.createNamespacedJob({ namespace, body: training(name, namespace, jobCap) });
          expect(await slotsOfJob(namespace, name, 2), name).to.deep.equal([['1'], ['1']]);
        }
      });

      it('gives a Job that asks for no GPU none', async () => {
        const body = bystanderJob('bystander', namespace, 'none', 2);
        await cluster.kube.batch.createNamespacedJob({ namespace, body });
        expect(await slotsOfJob(namespace, 'bystander', 2)).to.deep.equal([[undefined], [undefined]]);
      });

      it('gives a slot to each container that asks for GPUs, however many, and to no other', async () => {
        const body = pod('several', 1, 0, 2);
        const would = await cluster.kube.core.createNamespacedPod({ namespace, dryRun: 'All', body });
        expect(slotsOf(would)).to.deep.equal(['1', undefined, '1']);
      });

      it('keeps a node from more pods than it has slots, though it has GPUs for them', async () => {
        expect(await placed(namespace)).to.deep.equal({ 'node-0000': SLOTS, 'node-0001': SLOTS, none: 8 });
      });
    });
  }

  describe(`by ${basename(REFUSING)}`, () => {
    const namespace = 'refusing';

    before(() => makeNamespace(cluster, namespace));

    after(() => takeOff(cluster, REFUSING, namespace));

    it('refuses a pod and a Job that ask for a GPU and for no slot, and says what to write', async () => {
      const toWrite = "has to ask for a slot there, too: ordeal.dev/gpu-job-slot: '1'";
      expect(await putRefusing(cluster, namespace)).to.contain(toWrite);
      const body = training('refused', namespace, false);
      const refusal = await cluster.kube.batch.createNamespacedJob({ namespace, body }).catch(messageOf);
      expect(refusal).to.contain(toWrite);
    });

    it('lets in who asks for a slot, and who asks for no GPU', async () => {
      const { batch, core } = cluster.kube;
      const at = { namespace, dryRun: 'All' };
      await batch.createNamespacedJob({ ...at, body: training('capped', namespace, SLOTS) });
      await batch.createNamespacedJob({ ...at, body: bystanderJob('bystander', namespace, 'none', 1) });
      await core.createNamespacedPod({ ...at, body: pod('bystander', 0) });
    });
  });

  /** Starts Kyverno, and asks for a pod with a GPU until one would get a slot; how often one would have come in without. */
  const letInUntilBack = async (namespace: string) => {
    let without = 0;
    const started = kyverno.start();
    const back = async () => {
      const at = { namespace, dryRun: 'All' };
      const made = await cluster.kube.core
        .createNamespacedPod({ ...at, body: pod('asked', 1) })
        .catch(() => {});
      const [slot] = made ? slotsOf(made) : [];
      if (made && slot === undefined) without += 1;
      return slot === '1';
    };
    await waitFor(back, { what: 'a pod with a slot', deadlineMs: DEADLINE_MS, intervalMs: 1 });
    await started;
    return without;
  };

  for (const { fallsOpen, ignoring, manifest, ready } of KYVERNOS) {
    describe(`by ${basename(manifest)}, while Kyverno is away`, () => {
      const namespace = `away-${basename(manifest, '.yaml')}`;
      const [policy] = objectsOf(manifest) as [ReturnType<typeof objectsOf>[number]];

      before(async () => {
        await makeNamespace(cluster, namespace);
        await putInForce(cluster, manifest, namespace);
      });

      after(() => takeOff(cluster, manifest, namespace));

      it('leaves a policy that was ready', async () => {
        let seen: Policy['status'];
        const said = async () => {
          seen = (await cluster.kube.objects.read<Policy>(policy)).status;
          return ready(seen);
        };
        const what = 'a policy that says that it is ready';
        await waitFor(said, { what, deadlineMs: DEADLINE_MS, seen: () => JSON.stringify(seen) });
      });

      it('keeps pods with GPUs out, and no others', async () => {
        await kyverno.kill();
        const { batch, core } = cluster.kube;
        await batch.createNamespacedJob({ namespace, body: training('late', namespace, false) });
        await batch.createNamespacedJob({ namespace, body: bystanderJob('by', namespace, 'none', 2) });
        const refused = () =>
          told(namespace).then((messages) => messages.includes('failed calling webhook') && messages);
        const messages = await waitFor(refused, { what: 'refused pods', deadlineMs: DEADLINE_MS });
        expect(messages).to.contain('connection refused');
        expect(await slotsOfJob(namespace, 'by', 2)).to.deep.equal([[undefined], [undefined]]);
        const late = await core.listNamespacedPod({ namespace, labelSelector: 'job-name=late' });
        expect(late.items).to.deep.equal([]);
      });

      it(`lets ${fallsOpen ? 'some' : 'none'} in without a slot as Kyverno comes back`, async () => {
        let without = await letInUntilBack(namespace);
        const late = await slotsOfJob(namespace, 'late', 2);
        if (!fallsOpen) expect(late).to.deep.equal([['1'], ['1']]);
        for (let again = 1; again < RESTARTS; again++) {
          await kyverno.kill();
          without += await letInUntilBack(namespace);
        }
        if (fallsOpen) expect(without).to.be.above(0);
        else expect(without).to.equal(0);
      });

      it('lets them in without a slot where the policy is told to ignore failures', async () => {
        const { objects } = cluster.kube;
        const merge = [undefined, undefined, undefined, undefined, PatchStrategy.MergePatch] as const;
        await objects.patch({ ...policy, spec: ignoring } as KubernetesObject, ...merge);
        const ignored = async () => {
          const { webhooks } = await objects.read<WebhookConfiguration>(WEBHOOKS);
          return webhooks.map(({ failurePolicy }) => failurePolicy).join() === 'Ignore';
        };
        await waitFor(ignored, { what: 'a webhook whose failures are ignored', deadlineMs: DEADLINE_MS });
        await kyverno.kill();
        // The API server learns of it a moment later.
        await untilGiven(cluster.kube, namespace, undefined);
        await kyverno.start();
        await untilGiven(cluster.kube, namespace, '1');
      });
    });
  }
});
