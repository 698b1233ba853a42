import { CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { expect } from 'chai';
import { absent, type Bench, refused } from './bench.ts';
import type { Lab } from './lab.ts';

/** Objects as the API keeps them: concurrency, lists, patches, refusals. */
export function declareObjects(getLab: () => Lab): void {
  describe('objects', () => {
    let bench: Bench;
    const core = () => getLab().kube.core;
    const named = async (name: string, extra: Record<string, string> = {}) =>
      await core().createNamespacedConfigMap({
        namespace: bench.namespace,
        body: { metadata: { name, labels: { set: 'listed' } }, data: { of: name, ...extra } },
      });

    before(async () => {
      bench = await getLab().bench('objects');
    });

    it('a replacement of an old version is a conflict, 409', async () => {
      const stale = await named('contested');
      await core().replaceNamespacedConfigMap({
        namespace: bench.namespace,
        name: 'contested',
        body: { ...stale, data: { of: 'the first writer' } },
      });
      const outcome = await refused(
        core().replaceNamespacedConfigMap({
          namespace: bench.namespace,
          name: 'contested',
          body: { ...stale, data: { of: 'the second writer' } },
        }),
      );
      expect(outcome.status).to.equal(409);
      expect(JSON.parse(outcome.body)).to.include({ kind: 'Status', reason: 'Conflict', code: 409 });
      const kept = await core().readNamespacedConfigMap({ namespace: bench.namespace, name: 'contested' });
      expect(kept.data).to.deep.equal({ of: 'the first writer' });
    });

    it('the same name twice is 409 AlreadyExists', async () => {
      await named('twice');
      const outcome = await refused(named('twice'));
      expect(outcome.status).to.equal(409);
      expect(JSON.parse(outcome.body).reason).to.equal('AlreadyExists');
    });

    it('what is not there is 404 NotFound', async () => {
      const outcome = await refused(
        core().readNamespacedConfigMap({ namespace: bench.namespace, name: 'nobody' }),
      );
      expect(outcome.status).to.equal(404);
      expect(JSON.parse(outcome.body).reason).to.equal('NotFound');
    });

    it('a namespace that is not there is 404', async () => {
      const outcome = await refused(
        core().createNamespacedConfigMap({
          namespace: `${bench.namespace}-not`,
          body: { metadata: { name: 'x' } },
        }),
      );
      expect(outcome.status).to.equal(404);
    });

    it('generateName makes names, uid and creationTimestamp are given', async () => {
      const make = async () =>
        await core().createNamespacedConfigMap({
          namespace: bench.namespace,
          body: { metadata: { generateName: 'made-' } },
        });
      const [one, two] = [await make(), await make()];
      expect(one.metadata?.name).to.match(/^made-[a-z0-9]{5}$/);
      expect(two.metadata?.name).to.not.equal(one.metadata?.name);
      expect(one.metadata?.uid).to.match(/^[0-9a-f-]{36}$/);
      expect(one.metadata?.creationTimestamp).to.be.instanceOf(Date);
    });

    it('a list comes in pages that together are the list at one version', async () => {
      const names = ['page-1', 'page-2', 'page-3', 'page-4', 'page-5'];
      for (const name of names) await named(name);
      const seen: string[] = [];
      const versions = new Set<string | undefined>();
      let token: string | undefined;
      let pages = 0;
      do {
        const page = await core().listNamespacedConfigMap({
          namespace: bench.namespace,
          labelSelector: 'set=listed',
          limit: 3,
          ...(token ? { _continue: token } : {}),
        });
        expect(page.items.length).to.be.at.most(3);
        seen.push(...page.items.map(({ metadata }) => metadata?.name as string));
        versions.add(page.metadata?.resourceVersion);
        token = page.metadata?._continue || undefined;
        pages += 1;
      } while (token && pages < 10);
      expect(seen).to.include.members(names);
      expect(new Set(seen).size).to.equal(seen.length);
      expect(pages).to.be.at.least(2);
      expect(versions.size).to.equal(1);
    });

    it('a merge patch changes what it names, and null takes away', async () => {
      await named('merged', { keep: 'me', drop: 'me' });
      const patched = await core().patchNamespacedConfigMap(
        { namespace: bench.namespace, name: 'merged', body: { data: { of: 'a patch', drop: null } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
      expect(patched.data).to.deep.equal({ of: 'a patch', keep: 'me' });
    });

    it('a JSON patch whose test fails changes nothing', async () => {
      await named('tested');
      const patch = async (value: string) =>
        await core().patchNamespacedConfigMap(
          {
            namespace: bench.namespace,
            name: 'tested',
            body: [
              { op: 'test', path: '/data/of', value },
              { op: 'replace', path: '/data/of', value: 'patched' },
            ],
          },
          setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
        );
      expect((await refused(patch('something else'))).status).to.equal(422);
      expect((await patch('tested')).data).to.deep.equal({ of: 'patched' });
    });

    it('deletion with another object’s uid as precondition is 409 and deletes nothing', async () => {
      await named('guarded');
      const outcome = await refused(
        core().deleteNamespacedConfigMap({
          namespace: bench.namespace,
          name: 'guarded',
          body: { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } },
        }),
      );
      expect(outcome.status).to.equal(409);
      expect(
        await absent(() => core().readNamespacedConfigMap({ namespace: bench.namespace, name: 'guarded' })),
      ).to.be.false;
    });

    it('an extended resource asked for by limit is a request too, and the two may not differ', async () => {
      const asked = await bench.create({ name: 'defaulted', devices: ['contract.ordeal.dev/none', 2] });
      expect(asked.spec?.containers[0]?.resources?.requests).to.include({ 'contract.ordeal.dev/none': '2' });
      const differing = bench.pod({ name: 'differing', devices: ['contract.ordeal.dev/none', 2] });
      const main = differing.spec?.containers[0];
      if (main?.resources) main.resources.requests = { 'contract.ordeal.dev/none': '1' };
      const outcome = await refused(
        core().createNamespacedPod({ namespace: bench.namespace, body: differing }),
      );
      expect(outcome.status).to.equal(422);
    });

    it('a request without credentials that the API knows is 401', async () => {
      const cluster = getLab().kube.config.getCurrentCluster();
      if (!cluster) throw new Error('no current cluster in the kubeconfig');
      const stranger = new KubeConfig();
      stranger.loadFromClusterAndUser(cluster, { name: 'stranger', token: 'not-a-token' });
      const outcome = await refused(stranger.makeApiClient(CoreV1Api).listNode());
      expect(outcome.status).to.equal(401);
    });
  });
}
