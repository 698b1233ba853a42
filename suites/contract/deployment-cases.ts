import {
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
  type V1DeploymentSpec,
  type V1Pod,
  type V1PodSpec,
  type V1ReplicaSet,
} from '@kubernetes/client-node';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { absent, type Bench, LASTING, LASTING_GRACE_S, refused } from './bench.ts';
import { background, type Early, type Lab } from './lab.ts';
import { until } from './until.ts';

/** What the suites rely on in the controllers of Deployments and ReplicaSets. */
export function declareDeployments(getLab: () => Lab, early: Early): void {
  describe('deployments', () => {
    let bench: Bench;
    let rolled: Promise<{ least: number; most: number; sets: V1ReplicaSet[]; ended: V1Deployment }>;
    let stuck: Promise<{ given: V1Deployment; back: V1Deployment; sets: V1ReplicaSet[] }>;
    let kept: Promise<{ before: V1Pod[]; after: V1Pod[]; released: V1Pod | undefined }>;
    const apps = () => bench.kube.apps;

    const draft = (name: string, spec: Partial<V1DeploymentSpec> = {}, pod: Partial<V1PodSpec> = {}) => ({
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: name } },
        ...spec,
        template: {
          metadata: { labels: { app: name } },
          spec: { ...(bench.pod({ name: '', restartPolicy: 'Always' }).spec as V1PodSpec), ...pod },
        },
      },
    });
    const create = async (body: V1Deployment) =>
      await apps().createNamespacedDeployment({ namespace: bench.namespace, body });
    const read = async (name: string) =>
      await apps().readNamespacedDeployment({ namespace: bench.namespace, name });
    const patch = async (name: string, spec: object) =>
      await apps().patchNamespacedDeployment(
        { namespace: bench.namespace, name, body: { spec } },
        setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
      );
    const environment = (value: string) => ({
      template: { spec: { containers: [{ name: 'main', env: [{ name: 'VERSION', value }] }] } },
    });
    const resize = async (name: string, replicas: number) =>
      await apps().patchNamespacedDeploymentScale(
        { namespace: bench.namespace, name, body: { spec: { replicas } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
    const setsOf = async (name: string) => {
      const of = { namespace: bench.namespace, labelSelector: `app=${name}` };
      return (await apps().listNamespacedReplicaSet(of)).items;
    };
    const podsOf = async (name: string) => {
      const of = { namespace: bench.namespace, labelSelector: `app=${name}` };
      const { items } = await bench.kube.core.listNamespacedPod(of);
      return items.filter(({ metadata }) => !metadata?.deletionTimestamp);
    };
    const condition = ({ status }: V1Deployment, type: string) =>
      status?.conditions?.find((candidate) => candidate.type === type);
    /** Seen by its controller as it is now, and all of it new and available. */
    const complete = ({ metadata, spec, status }: V1Deployment) =>
      status?.observedGeneration === metadata?.generation &&
      [status?.replicas, status?.updatedReplicas, status?.availableReplicas].every(
        (figure) => figure === spec?.replicas,
      );
    const becomes = async (name: string, what: string, probe: (deployment: V1Deployment) => boolean) =>
      await until(() => read(name), `deployment ${name} ${what}`, probe, bench);
    const rolledOut = async (name: string) =>
      await becomes(
        name,
        'complete',
        (seen) => complete(seen) && condition(seen, 'Progressing')?.reason === 'NewReplicaSetAvailable',
      );
    const podsBecome = async (name: string, what: string, probe: (pods: V1Pod[]) => boolean) =>
      await until(() => podsOf(name), `pods of ${name} ${what}`, probe, bench);
    const uids = (pods: V1Pod[]) => pods.map(({ metadata }) => metadata?.uid);
    const gone = async (what: string, probe: () => Promise<boolean>) =>
      await waitFor(async () => (await probe()) || undefined, { what, deadlineMs: bench.deadlineMs });

    early(async (lab) => {
      bench = await lab.bench('deployments');
      const slow = {
        terminationGracePeriodSeconds: LASTING_GRACE_S,
        containers: [bench.container('main', LASTING, undefined, {})],
      };
      const crowded = {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                labelSelector: { matchLabels: { app: 'spread' } },
                topologyKey: 'kubernetes.io/hostname',
              },
            ],
          },
        },
        tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
      };
      await Promise.all([
        create(draft('web', { replicas: 2 })),
        create(draft('sized')),
        create(draft('swept')),
        create(draft('last', {}, slow)),
        create(draft('spread', { replicas: lab.cluster.nodeNames.length + 1 }, crowded)),
      ]);
      rolled = background(async () => {
        await create(draft('rolled', { replicas: 3 }));
        await rolledOut('rolled');
        await patch('rolled', environment('two'));
        let least = Number.POSITIVE_INFINITY;
        let most = 0;
        const ended = await until(
          async () => {
            const sizes = (await setsOf('rolled')).map(({ spec }) => spec?.replicas ?? 0);
            most = Math.max(
              most,
              sizes.reduce((sum, size) => sum + size, 0),
            );
            return await read('rolled');
          },
          'deployment rolled complete',
          (seen) => {
            least = Math.min(least, seen.status?.availableReplicas ?? 0);
            return complete(seen);
          },
          bench,
        );
        const sets = await setsOf('rolled');
        return { least, most, sets, ended };
      });
      stuck = background(async () => {
        await create(draft('stuck', { progressDeadlineSeconds: 3 }));
        await rolledOut('stuck');
        const never = { exec: { command: ['false'] }, periodSeconds: 1 };
        await patch('stuck', {
          template: { spec: { containers: [{ name: 'main', readinessProbe: never }] } },
        });
        const given = await becomes(
          'stuck',
          'given up',
          (seen) => condition(seen, 'Progressing')?.status === 'False',
        );
        await patch('stuck', {
          template: { spec: { containers: [{ name: 'main', readinessProbe: null }] } },
        });
        const back = await rolledOut('stuck');
        return { given, back, sets: await setsOf('stuck') };
      });
      kept = background(async () => {
        await create(draft('kept', { replicas: 2 }));
        await rolledOut('kept');
        const before = await podsOf('kept');
        const [one, other] = before.map(({ metadata }) => metadata?.name as string);
        await bench.ask(one as string);
        await bench.kube.core.patchNamespacedPod(
          {
            namespace: bench.namespace,
            name: other as string,
            body: { metadata: { labels: { app: 'own' } } },
          },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        );
        const known = new Set(uids(before));
        const after = await podsBecome(
          'kept',
          'replaced',
          (pods) => pods.length === 2 && uids(pods).every((uid) => !known.has(uid)),
        );
        return { before, after, released: (await podsOf('own'))[0] };
      });
    });

    it('a Deployment has the API’s defaults', async () => {
      const { spec } = await read('sized');
      expect(spec).to.include({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
      expect(spec?.strategy).to.deep.equal({
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
      });
    });

    it('it owns a ReplicaSet, and that the pods, told apart by the template’s hash', async () => {
      const { metadata } = await rolledOut('web');
      const [set] = await setsOf('web');
      const hash = set?.metadata?.labels?.['pod-template-hash'];
      expect(set?.metadata?.name).to.equal(`web-${hash}`);
      expect(set?.metadata?.ownerReferences?.[0]).to.include({
        kind: 'Deployment',
        uid: metadata?.uid,
        controller: true,
      });
      expect(set?.spec?.selector.matchLabels).to.deep.equal({ app: 'web', 'pod-template-hash': hash });
      expect(set?.metadata?.annotations?.['deployment.kubernetes.io/revision']).to.equal('1');
      for (const pod of await podsOf('web')) {
        expect(pod.metadata?.name).to.match(new RegExp(`^web-${hash}-[a-z0-9]{5}$`));
        expect(pod.metadata?.labels?.['pod-template-hash']).to.equal(hash);
        expect(pod.metadata?.ownerReferences?.[0]).to.include({
          kind: 'ReplicaSet',
          uid: set?.metadata?.uid,
        });
      }
    });

    it('its status counts pods, and says that it is available and complete', async () => {
      const seen = await rolledOut('web');
      const all = { replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 2 };
      expect(seen.status).to.include({ ...all, observedGeneration: seen.metadata?.generation });
      expect(seen.status?.unavailableReplicas ?? 0).to.equal(0);
      expect(condition(seen, 'Available')).to.include({ status: 'True', reason: 'MinimumReplicasAvailable' });
      expect(condition(seen, 'Progressing')).to.include({ status: 'True', reason: 'NewReplicaSetAvailable' });
    });

    it('scaled by its subresource, up and to nothing, within the same ReplicaSet', async () => {
      await rolledOut('sized');
      const scale = await resize('sized', 2);
      expect(scale.spec?.replicas).to.equal(2);
      expect(scale.status?.selector).to.equal('app=sized');
      await becomes('sized', 'with two pods', (seen) => complete(seen) && seen.status?.replicas === 2);
      await resize('sized', 0);
      await podsBecome('sized', 'gone', (pods) => pods.length === 0);
      expect(await setsOf('sized')).to.have.length(1);
    });

    it('a pod that is deleted and one that loses its label are replaced; the latter goes on by itself', async () => {
      const { after, released } = await kept;
      expect(after).to.have.length(2);
      expect(released?.status?.phase).to.equal('Running');
      expect(released?.metadata?.ownerReferences ?? []).to.be.empty;
      await bench.remove(released?.metadata?.name as string);
    });

    it('a new template rolls out within its limits: no pod missing, one beyond', async () => {
      const { ended, least, most, sets } = await rolled;
      expect(least).to.be.at.least(3);
      expect(most).to.be.at.most(4);
      const byRevision = new Map(
        sets.map((set) => [set.metadata?.annotations?.['deployment.kubernetes.io/revision'], set]),
      );
      expect(byRevision.get('1')?.spec?.replicas).to.equal(0);
      expect(byRevision.get('2')?.spec?.replicas).to.equal(3);
      expect(ended.metadata?.annotations?.['deployment.kubernetes.io/revision']).to.equal('2');
      const versions = (await podsOf('rolled')).map(({ spec }) => spec?.containers[0]?.env?.[0]?.value);
      expect(versions).to.deep.equal(['two', 'two', 'two']);
    });

    it('one that does not get ready is given up after its deadline, and the old pods stay', async () => {
      const { given } = await stuck;
      expect(condition(given, 'Progressing')?.reason).to.equal('ProgressDeadlineExceeded');
      expect(condition(given, 'Available')?.status).to.equal('True');
      expect(given.status).to.include({ replicas: 2, availableReplicas: 1, unavailableReplicas: 1 });
    });

    it('rolled back: the ReplicaSet of the earlier template comes again, as the newest revision', async () => {
      const { back, sets } = await stuck;
      expect(back.metadata?.annotations?.['deployment.kubernetes.io/revision']).to.equal('3');
      expect(sets).to.have.length(2);
      const serving = sets.find(({ spec }) => spec?.replicas === 1);
      expect(serving?.metadata?.annotations?.['deployment.kubernetes.io/revision']).to.equal('3');
      expect(serving?.spec?.template?.spec?.containers[0]?.readinessProbe).to.equal(undefined);
    });

    it('anti-affinity by hostname: one pod a node, and none for the one too many', async () => {
      const { nodeNames } = getLab().cluster;
      const pods = await podsBecome(
        'spread',
        'assigned as far as they can be',
        (found) =>
          found.filter(({ spec }) => spec?.nodeName).length === nodeNames.length &&
          found.some(({ status }) => status?.conditions?.some(({ reason }) => reason === 'Unschedulable')),
      );
      const nodes = pods.flatMap(({ spec }) => spec?.nodeName ?? []);
      expect(nodes.sort()).to.deep.equal([...nodeNames].sort());
      const tooMany = pods.find(({ spec }) => !spec?.nodeName);
      const why = tooMany?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
      expect(why).to.contain("node(s) didn't match pod anti-affinity rules");
      await apps().deleteNamespacedDeployment({ namespace: bench.namespace, name: 'spread' });
    });

    it('deleted: it goes at once, its ReplicaSet and pods after it', async () => {
      await rolledOut('swept');
      await apps().deleteNamespacedDeployment({ namespace: bench.namespace, name: 'swept' });
      expect(await absent(() => read('swept'))).to.equal(true);
      await gone('ReplicaSets of swept gone', async () => (await setsOf('swept')).length === 0);
      await gone('pods of swept gone', async () => (await podsOf('swept')).length === 0);
    });

    it('deleted in the foreground: it stays until its ReplicaSet and pods have gone', async () => {
      await rolledOut('last');
      for (const { metadata } of await podsOf('last')) await bench.said(metadata?.name as string, 'trapped');
      await apps().deleteNamespacedDeployment({
        namespace: bench.namespace,
        name: 'last',
        propagationPolicy: 'Foreground',
      });
      expect((await read('last')).metadata?.finalizers).to.include('foregroundDeletion');
      await gone('deployment last gone', () => absent(() => read('last')));
      expect(await setsOf('last')).to.be.empty;
      const of = { namespace: bench.namespace, labelSelector: 'app=last' };
      expect((await bench.kube.core.listNamespacedPod(of)).items).to.be.empty;
    });

    it('a selector that the template does not match, another restart policy, another selector later: 422', async () => {
      const other = draft('refused', { selector: { matchLabels: { app: 'other' } } });
      expect((await refused(create(other))).status).to.equal(422);
      const once = draft('refused', {}, { restartPolicy: 'Never' });
      expect((await refused(create(once))).status).to.equal(422);
      const body = await read('web');
      if (body.spec) body.spec.selector = { matchLabels: { app: 'web', more: 'yes' } };
      const labels = { app: 'web', more: 'yes' };
      if (body.spec) body.spec.template.metadata = { labels };
      const replaced = apps().replaceNamespacedDeployment({ namespace: bench.namespace, name: 'web', body });
      const { status, body: text } = await refused(replaced);
      expect(status).to.equal(422);
      expect(text).to.contain('field is immutable');
    });
  });
}
