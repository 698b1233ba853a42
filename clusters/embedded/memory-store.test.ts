import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../harness/clock/clock.ts';
import { createStore } from './memory-store.ts';
import { isTerminal } from './pod.ts';
import { StatusError, type Store, type WatchEvent } from './store.ts';

function newStore(): Store {
  const store = createStore(systemClock);
  for (const name of ['n', 'other'])
    store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return store;
}

function newPod(store: Store, name: string, limits: Record<string, string> = {}, owner?: string) {
  const reference = { apiVersion: 'batch/v1', kind: 'Job', name: 'job', uid: owner ?? '', controller: true };
  return store.create('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'n', name, ...(owner && { ownerReferences: [reference] }) },
    spec: { containers: [{ name: 'main', image: 'x', resources: { limits } }] },
  });
}

const onNode = (store: Store, name: string, nodeName: string) =>
  store.update('pods', 'n', name, (pod) => ({ ...pod, spec: { ...pod.spec, nodeName } }));

describe('the store', () => {
  it('tells a quota what the pods that have not ended ask for, whatever happened to them', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const act = fc.oneof(
      fc.record({ does: fc.constant('create' as const), name, millis: fc.integer({ min: 1, max: 999 }) }),
      fc.record({ does: fc.constantFrom('end' as const, 'bind' as const, 'delete' as const), name }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const store = newStore();
        store.create('resourcequotas', {
          apiVersion: 'v1',
          kind: 'ResourceQuota',
          metadata: { namespace: 'n', name: 'q' },
          spec: { hard: { pods: '3', 'limits.cpu': '2' } },
        });
        const wanted = new Map<string, number>();
        const sum = () => [...wanted.values()].reduce((total, millis) => total + millis, 0);
        for (const each of acts) {
          const there = store.get('pods', 'n', each.name);
          if (each.does === 'create' && !there) {
            const fits = wanted.size < 3 && sum() + each.millis <= 2_000;
            const refused = refusal(() => newPod(store, each.name, { cpu: `${each.millis}m` }));
            expect(refused?.reason).to.equal(fits ? undefined : 'Forbidden');
            if (fits) wanted.set(each.name, each.millis);
          } else if (each.does === 'end' && there) {
            const ended = { phase: 'Succeeded' };
            store.update('pods', 'n', each.name, (pod) => ({ ...pod, status: ended }), { status: true });
            wanted.delete(each.name);
          } else if (each.does === 'bind' && there && !isTerminal(there)) {
            onNode(store, each.name, 'node');
          } else if (each.does === 'delete' && there) {
            store.remove('pods', 'n', each.name);
            wanted.delete(each.name);
          }
          const used = store.get('resourcequotas', 'n', 'q')?.status.used;
          expect(used).to.deep.equal({ pods: String(wanted.size), 'limits.cpu': String(sum() / 1_000) });
        }
      }),
    );
  });

  it('tells whoever watches a node of the pods that are assigned to it, and of no other', () => {
    const store = newStore();
    const heard: string[] = [];
    const listener = ({ type, object }: WatchEvent) => heard.push(`${type} ${object.metadata.name}`);
    const unwatch = store.watchNode('pods', 'here', listener);
    for (const [name, node] of [
      ['a', 'here'],
      ['b', 'there'],
    ] as const) {
      newPod(store, name);
      onNode(store, name, node);
      store.remove('pods', 'n', name);
    }
    expect(heard).to.deep.equal(['MODIFIED a', 'DELETED a']);
    unwatch();
    newPod(store, 'c');
    onNode(store, 'c', 'here');
    expect(heard).to.have.length(2);
  });

  it('takes with an owner what it owns, and what it no longer owns not', () => {
    const store = newStore();
    const job = store.create('jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { namespace: 'n', name: 'job' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] } } },
    });
    for (const name of ['kept', 'owned', 'released']) {
      newPod(store, name, {}, name === 'kept' ? 'another' : job.metadata.uid);
    }
    store.update('pods', 'n', 'released', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, ownerReferences: [] },
    }));
    store.delete('jobs', 'n', 'job', { propagationPolicy: 'Background' });
    expect(store.list('pods').map(({ metadata }) => metadata.name)).to.deep.equal(['kept', 'released']);
  });
});

function refusal(act: () => unknown): StatusError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}
