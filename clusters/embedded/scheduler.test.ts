import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { nodeObject } from './kubelet/node-status.ts';
import { createStore } from './memory-store.ts';
import { Scheduler } from './scheduler.ts';
import type { Store } from './store.ts';

const HOSTNAME = 'kubernetes.io/hostname';

describe('the scheduler and affinity', () => {
  let store: Store;
  let scheduler: Scheduler;

  beforeEach(() => {
    store = createStore(systemClock);
    store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    const facts = { role: 'worker' as const, cpu: '8', memory: '16Gi', version: '1.34.4' };
    for (const name of ['a', 'b', 'c'])
      store.create('nodes', nodeObject({ ...facts, name }, systemClock.wall()));
    scheduler = new Scheduler(store, systemClock, 1);
    scheduler.start();
  });

  afterEach(() => scheduler.stop());

  const bound = (name: string, nodeSelectorTerms: object[]) =>
    store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'n' },
      spec: {
        containers: [{ name: 'main', image: 'x' }],
        affinity: {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
        },
      },
    });
  const pod = (name: string, app: string, keepsOff?: string) =>
    store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'n', labels: { app } },
      spec: {
        containers: [{ name: 'main', image: 'x' }],
        ...(keepsOff && {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                {
                  topologyKey: HOSTNAME,
                  labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [keepsOff] }] },
                },
              ],
            },
          },
        }),
      },
    });
  const nodeOf = async (name: string) =>
    await waitFor(() => store.get('pods', 'n', name)?.spec.nodeName as string | undefined, {
      what: `a node for ${name}`,
      deadlineMs: 5_000,
      intervalMs: 1,
    });
  const message = async (name: string) =>
    await waitFor(() => store.get('pods', 'n', name)?.status.conditions?.[0]?.message as string | undefined, {
      what: `a word about ${name}`,
      deadlineMs: 5_000,
      intervalMs: 1,
    });

  it('spreads pods that keep off each other, a node each, and has none for the fourth', async () => {
    for (const name of ['one', 'two', 'three']) pod(name, 'web', 'web');
    const nodes = await Promise.all(['one', 'two', 'three'].map(nodeOf));
    expect(nodes.sort()).to.deep.equal(['a', 'b', 'c']);
    pod('four', 'web', 'web');
    expect(await message('four')).to.equal(
      "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
    );
    const freed = await nodeOf('two');
    store.remove('pods', 'n', 'two');
    expect(await nodeOf('four')).to.equal(freed);
  });

  it('keeps others off those who want to be alone, and lets everybody else in', async () => {
    pod('loner', 'loner', 'crowd');
    const home = await nodeOf('loner');
    for (const name of ['one', 'two', 'three', 'four']) pod(name, 'crowd');
    for (const name of ['one', 'two', 'three', 'four']) expect(await nodeOf(name)).to.not.equal(home);
    for (const other of ['a', 'b', 'c'].filter((node) => node !== home))
      store.update('nodes', undefined, other, (node) => ({ ...node, spec: { unschedulable: true } }));
    pod('five', 'crowd');
    expect(await message('five')).to.contain("1 node(s) didn't satisfy existing pods anti-affinity rules");
    pod('six', 'else');
    expect(await nodeOf('six')).to.equal(home);
  });

  it('places a pod where one term of its node affinity holds whole, and nowhere else', async () => {
    const on = (...values: string[]) => ({ key: HOSTNAME, operator: 'In', values });
    const off = (...values: string[]) => ({ key: HOSTNAME, operator: 'NotIn', values });
    for (const name of ['one', 'two', 'three', 'four'])
      bound(name, [{ matchExpressions: [on('a', 'b'), off('a')] }]);
    for (const name of ['one', 'two', 'three', 'four']) expect(await nodeOf(name)).to.equal('b');
    bound('either', [
      { matchExpressions: [on('d')] },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] },
    ]);
    expect(await nodeOf('either')).to.equal('c');
    for (const [name, terms] of [
      ['nowhere', [{ matchExpressions: [on('d')] }]],
      ['empty', [{}]],
    ] as const) {
      bound(name, [...terms]);
      expect(await message(name)).to.equal(
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
      );
    }
  });
});
