import { expect } from 'chai';
import fc from 'fast-check';
import type { Cluster } from '../clusters/port.ts';
import { systemClock } from '../harness/clock/clock.ts';
import { OrdealError } from '../harness/errors/error.ts';
import { memoryRecorder } from '../harness/history/writer.ts';
import { type Radius, type Reach, reach } from '../harness/radius/reach.ts';
import type { Fault } from './port.ts';
import { ownState } from './testing/own-state.ts';
import { within } from './testing/within.ts';
import { FaultKeeper } from './wrapper.ts';

const NODES = ['control', 'a', 'b', 'c'];
const POD = {
  metadata: { name: 'kube-proxy', namespace: 'kube-system' },
  spec: { hostNetwork: true, nodeName: 'a' },
};

describe('the blast radius of a run', () => {
  const state = ownState();

  const cluster = (listPods: () => Promise<{ items: unknown[] }>) =>
    ({
      nodes: NODES.map((name) => ({ name, role: name === 'control' ? 'control-plane' : 'worker' })),
      kube: { core: { listPodForAllNamespaces: listPods } },
    }) as unknown as Cluster;
  const noPods = async () => ({ items: [] });

  const setting = (radius: Radius, listPods = noPods, on = cluster(listPods)) => {
    const recorder = memoryRecorder(systemClock);
    const keeper = new FaultKeeper({
      ...{ cluster: on, recorder, clock: systemClock, runId: 'r', radius },
      signal: new AbortController().signal,
      deadlineWall: systemClock.wall() + 60_000,
    });
    return { keeper, types: () => recorder.events.map(({ type }) => type) };
  };

  /** Notes all that it is asked. */
  const noted = (id: string, reaching: Reach) => {
    const asked: string[] = [];
    let injected = false;
    const seen = { seen: true, evidence: 'seen' };
    const fault: Fault = {
      id,
      kind: 'test/noted',
      target: id,
      reach: reaching,
      mechanisms: ['a note'],
      async capability() {
        asked.push('capability');
        return { ok: true, mechanism: 'a note' };
      },
      healRecord: () => ({ by: 'lifeline', what: 'nothing' }),
      async inject() {
        injected = true;
        asked.push(`inject with ${state.journalled().length} journalled`);
      },
      bite: async () => ({ seen: injected, evidence: 'noted' }),
      async heal() {
        injected = false;
      },
      gone: async () => seen,
    };
    return { asked, fault };
  };
  const options = { biteDeadlineMs: 50, goneDeadlineMs: 50, pollMs: 1 };
  const outcomeOf = (holding: Promise<void>) =>
    holding.then(() => 'held').catch((error) => (error instanceof OrdealError ? error.code : String(error)));

  const names = (of: readonly string[]) => fc.subarray([...of]);
  const reaches = fc.record({
    nodes: names(NODES),
    interfaces: fc.constant([]),
    namespaces: names(['ordeal-run', 'kube-system']),
    resources: names(['jobs', 'nvidia.com/gpu']),
    hostTraffic: fc.constant([]),
  });

  it('lets no fault through that reaches beyond: its target is not even asked, and nothing is journalled', async () => {
    await fc.assert(
      fc.asyncProperty(reaches, reaches, async (allowed, wanted) => {
        const { keeper, types } = setting(within({ reach: allowed }));
        const { asked, fault } = noted('f', wanted);
        const outcome = await outcomeOf(keeper.hold(fault, async () => void asked.push('work'), options));
        const fits = (['nodes', 'namespaces', 'resources'] as const).every((key) =>
          wanted[key].every((name) => allowed[key].includes(name)),
        );
        const selects = wanted.nodes.length + wanted.namespaces.length + wanted.resources.length > 0;
        if (fits && selects) {
          expect(outcome).to.equal('held');
          expect(asked).to.deep.equal(['capability', 'inject with 1 journalled', 'work']);
        } else {
          expect(outcome).to.equal('BLAST_RADIUS');
          expect(asked).to.deep.equal([]);
          expect(types()).to.deep.equal(['fault.refused']);
        }
        expect(state.journalled()).to.deep.equal([]);
      }),
      { numRuns: 300 },
    );
  });

  it('counts the nodes of all faults that are held at once', async () => {
    const [first, second] = [noted('one', reach({ nodes: ['a'] })), noted('two', reach({ nodes: ['b'] }))];
    const { keeper } = setting({ ...within(first.fault, second.fault), mostNodes: 1 });
    let beside = '';
    await keeper.hold(
      first.fault,
      async () => {
        beside = await outcomeOf(keeper.hold(second.fault, async () => undefined, options));
      },
      options,
    );
    expect(beside).to.equal('BLAST_RADIUS');
    expect(second.asked).to.deep.equal([]);
    // What was held before is held no more.
    expect(await outcomeOf(keeper.hold(second.fault, async () => undefined, options))).to.equal('held');
  });

  it('takes a share of all nodes that the cluster has, also of those that are not worked on', async () => {
    const { asked, fault } = noted('f', reach({ nodes: ['a'] }));
    const hold = async (spared: { name: string; role: 'worker' }[]) => {
      const one = {
        ...cluster(noPods),
        nodes: [{ name: 'a', role: 'worker' }],
        spared,
      } as unknown as Cluster;
      const { keeper } = setting({ ...within(fault), mostShare: 50 }, noPods, one);
      return await outcomeOf(keeper.hold(fault, async () => undefined, options));
    };
    expect(await hold([])).to.equal('BLAST_RADIUS');
    expect(asked).to.deep.equal([]);
    expect(await hold([{ name: 'b', role: 'worker' }])).to.equal('held');
  });

  it('spares pods with hostNetwork on the node whose traffic is touched, unless they are named', async () => {
    const { asked, fault } = noted('f', reach({ nodes: ['a'], hostTraffic: ['a'] }));
    const radius = { ...within(fault), hostNetwork: false };
    const hold = (of: Radius, listPods: () => Promise<{ items: object[] }>) =>
      outcomeOf(setting(of, listPods as typeof noPods).keeper.hold(fault, async () => undefined, options));
    expect(await hold(radius, async () => ({ items: [POD] }))).to.equal('BLAST_RADIUS');
    // What cannot be seen is not let through either.
    expect(await hold(radius, async () => Promise.reject(new Error('no API')))).to.equal('Error: no API');
    expect(asked).to.deep.equal([]);
    const elsewhere = { ...POD, spec: { ...POD.spec, nodeName: 'b' } };
    expect(await hold(radius, async () => ({ items: [elsewhere] }))).to.equal('held');
    expect(await hold({ ...radius, hostNetwork: true }, async () => ({ items: [POD] }))).to.equal('held');
  });
});
