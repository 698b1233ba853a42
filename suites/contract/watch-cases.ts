import { expect } from 'chai';
import { type Bench, refused } from './bench.ts';
import { background, type Early, type Lab } from './lab.ts';
import { RawWatch } from './watching.ts';

/** What a client that follows the API by watching relies on. */
export function declareWatch(getLab: () => Lab, early: Early): void {
  describe('watch', () => {
    let bench: Bench;
    let path: string;
    let marked: Promise<RawWatch>;
    const open: RawWatch[] = [];

    const watch = async (query: Record<string, string | number | boolean> = {}, at = path) => {
      const raw = await RawWatch.open(getLab().kube, at, { timeoutSeconds: 30, ...query });
      open.push(raw);
      return raw;
    };
    const configMap = async (name: string, labels: Record<string, string> = {}) =>
      await getLab().kube.core.createNamespacedConfigMap({
        namespace: bench.namespace,
        body: { metadata: { name, labels }, data: { of: name } },
      });
    const version = async (lab = getLab()) => {
      const list = await lab.kube.core.listNamespacedConfigMap({ namespace: bench.namespace });
      return list.metadata?.resourceVersion as string;
    };
    const relabel = async (name: string, labels: Record<string, string>) => {
      const { core } = getLab().kube;
      const body = await core.readNamespacedConfigMap({ namespace: bench.namespace, name });
      body.metadata = { ...body.metadata, labels };
      return await core.replaceNamespacedConfigMap({ namespace: bench.namespace, name, body });
    };

    early(async (lab) => {
      bench = await lab.bench('watch');
      path = `/api/v1/namespaces/${bench.namespace}/configmaps`;
      marked = background(async () => {
        // An API server schedules a bookmark for 2 s before the timeout, in turns of a second.
        const query = { allowWatchBookmarks: true, resourceVersion: await version(lab), timeoutSeconds: 8 };
        const raw = await RawWatch.open(lab.kube, path, query);
        await raw.until('the end of the watch', () => raw.ended);
        return raw;
      });
    });

    afterEach(() => {
      for (const raw of open.splice(0)) raw.close();
    });

    it('gives what changed after a resourceVersion, in order, and nothing from before it', async () => {
      await configMap('before');
      const from = await version();
      await configMap('first');
      await relabel('first', { turn: '2' });
      await getLab().kube.core.deleteNamespacedConfigMap({ namespace: bench.namespace, name: 'first' });
      const raw = await watch({ resourceVersion: from });
      await raw.until('three events', () => raw.story.length >= 3);
      expect(raw.story).to.deep.equal(['ADDED first', 'MODIFIED first', 'DELETED first']);
      const versions = raw.seen.map(({ object }) => Number(object.metadata?.resourceVersion));
      expect(versions).to.deep.equal([...versions].sort((a, b) => a - b));
      expect(versions[0]).to.be.greaterThan(Number(from));
    });

    it('resumes from the last event seen: what was missed comes, nothing twice', async () => {
      const first = await watch({ resourceVersion: await version() });
      await configMap('seen');
      await first.until('an event', () => first.story.length >= 1);
      first.close();
      const last = first.seen.at(-1)?.object.metadata?.resourceVersion as string;
      await configMap('missed');
      const second = await watch({ resourceVersion: last });
      await configMap('live');
      await second.until('two events', () => second.story.length >= 2);
      expect(second.story).to.deep.equal(['ADDED missed', 'ADDED live']);
    });

    it('starts with what exists where no resourceVersion is given', async () => {
      await configMap('standing');
      const raw = await watch();
      await raw.until('the standing object', () => raw.story.includes('ADDED standing'));
    });

    it('sends a bookmark, with a version and no content, before it ends by itself at its timeout', async () => {
      const raw = await marked;
      const marks = raw.seen.filter(({ type }) => type === 'BOOKMARK');
      expect(marks).to.not.be.empty;
      expect(Number(marks[0]?.object.metadata?.resourceVersion)).to.be.greaterThan(0);
      expect(marks[0]?.object.metadata?.name ?? '').to.equal('');
    });

    it('answers an ancient version with 410, or with all that came since: never with a gap', async () => {
      const raw = await watch({ resourceVersion: '1' });
      await raw.until('an answer', () => raw.ended || raw.seen.length > 0);
      const error = raw.seen.find(({ type }) => type === 'ERROR')?.object;
      if (error || raw.refusal !== undefined) expect(error?.code ?? raw.refusal).to.equal(410);
      else await raw.until('what came first', () => raw.story.includes('ADDED before'));
    });

    it('with a label selector: an object comes in as ADDED and leaves as DELETED', async () => {
      await configMap('mover');
      const raw = await watch({ labelSelector: 'side=in', resourceVersion: await version() });
      await configMap('stranger');
      await relabel('mover', { side: 'in' });
      await relabel('mover', { side: 'in', more: 'yes' });
      await relabel('mover', { side: 'out' });
      await raw.until('the object to leave', () => raw.story.includes('DELETED mover'));
      expect(raw.story).to.deep.equal(['ADDED mover', 'MODIFIED mover', 'DELETED mover']);
    });

    it('with a set-based label selector', async () => {
      const raw = await watch({
        labelSelector: 'tier in (gold,silver),!retired',
        resourceVersion: await version(),
      });
      await configMap('iron', { tier: 'iron' });
      await configMap('old-gold', { tier: 'gold', retired: 'yes' });
      await configMap('silver', { tier: 'silver' });
      await raw.until('the one that matches', () => raw.story.length >= 1);
      expect(raw.story).to.deep.equal(['ADDED silver']);
    });

    it('with a field selector: a pod that leaves a phase leaves the watch', async () => {
      const pods = `/api/v1/namespaces/${bench.namespace}/pods`;
      const list = await getLab().kube.core.listNamespacedPod({ namespace: bench.namespace });
      const raw = await watch(
        {
          fieldSelector: 'status.phase=Running',
          resourceVersion: list.metadata?.resourceVersion as string,
          // Longer than a pod may take to come and go.
          timeoutSeconds: 300,
        },
        pods,
      );
      await bench.finish({ name: 'passer-by', script: 'sleep 2' });
      await raw.until('the pod to leave', () => raw.story.includes('DELETED passer-by'));
      expect(raw.story[0]).to.equal('ADDED passer-by');
      // What leaves is shown as it last was inside, at the version at which it left.
      const [inside, left] = raw.seen.slice(-2).map(({ object }) => object);
      expect(left?.status?.phase).to.equal('Running');
      expect(Number(left?.metadata?.resourceVersion)).to.be.above(Number(inside?.metadata?.resourceVersion));
    });

    it('one name by field selector', async () => {
      const raw = await watch({ fieldSelector: 'metadata.name=wanted', resourceVersion: await version() });
      await configMap('unwanted');
      await configMap('wanted');
      await raw.until('the one that matches', () => raw.story.length >= 1);
      expect(raw.story).to.deep.equal(['ADDED wanted']);
    });

    it('refuses a malformed selector with 400', async () => {
      const outcome = await refused(
        getLab().kube.core.listNamespacedConfigMap({ namespace: bench.namespace, labelSelector: 'a in (' }),
      );
      expect(outcome.status).to.equal(400);
    });
  });
}
