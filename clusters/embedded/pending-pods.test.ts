import { expect } from 'chai';
import { type Group, PendingPods } from './pending-pods.ts';
import type { KubeObject } from './store.ts';

const pod = (name: string, cpu: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, uid: name, namespace: 'n', resourceVersion: '1', creationTimestamp: '' },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
});

describe('pods that wait for a node', () => {
  let pending: PendingPods;

  beforeEach(() => {
    pending = new PendingPods();
    for (const [name, cpu] of Object.entries({ a: '1', b: '2', c: '1', d: '3', e: '2' }))
      pending.add(pod(name, cpu));
  });

  const names = (found: Iterable<{ pod: KubeObject }>) => [...found].map((each) => each.pod.metadata.name);

  it('come in the order of their arrival, whatever each asks for', () => {
    pending.delete('c');
    expect(names(pending.inOrder(new Set()))).to.deep.equal(['a', 'b', 'd', 'e']);
  });

  it('are passed over with the first of theirs that fits nowhere', () => {
    const passed = new Set<Group>();
    const seen: string[] = [];
    for (const { group, pod: each } of pending.inOrder(passed)) {
      seen.push(each.metadata.name);
      if (each.metadata.name === 'b') passed.add(group);
    }
    expect(seen).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('are told at once, another word after ten seconds, and the same word never again', () => {
    const group = pending.get('a')?.group as Group;
    const tell = (message: string, now: number) => names(pending.toTell(group, message, now));
    expect(tell('full', 0)).to.deep.equal(['a', 'c']);
    pending.add(pod('f', '1'));
    expect(tell('fuller', 4_000)).to.deep.equal(['f']);
    expect(tell('fuller', 9_999)).to.deep.equal([]);
    pending.delete('a');
    expect(tell('fuller', 10_000)).to.deep.equal(['c']);
    expect(tell('fuller', 60_000)).to.deep.equal([]);
    expect(tell('full', 60_000)).to.deep.equal(['f', 'c']);
  });
});
