import { expect } from 'chai';
import fc from 'fast-check';
import { overlap } from '../../../faults/load/job-burst.ts';
import type { History } from '../../../harness/history/event.ts';
import { without } from '../../testing/written.ts';
import type { ProbeSeen } from '../events.ts';
import { gpuEvidence } from '../requirements.ts';
import { Written } from '../testing/written.ts';
import { checkBindLatency } from './bind-latency.ts';
import { checkDoubleUse } from './double-use.ts';
import { checkFalseAllocation } from './false-allocation.ts';

const smoke = { level: 'smoke', threshold: 0 } as const;
const latency = { level: 'smoke', threshold: 500 } as const;
const LOOKS = 2;
const UUIDS = ['aaaaaaaa-0000-0000-0000-000000000000', 'bbbbbbbb-0000-0000-0000-000000000000'];
const GPUS = UUIDS.map((uuid) => `GPU-${uuid}`) as [string, string];

interface Given {
  device?: string;
  /** What PodResources calls it. */
  listed?: string[];
  visible?: string[];
  usable?: string[];
  worked?: string[] | null;
  /** From the second look on. */
  frameworks?: ProbeSeen['frameworks'];
  gpus?: number;
}

/** A node of which there is only what containers were told and what PodResources says. */
class VendorsNode extends Written {
  #listed: [string, ...string[]][] = [];

  constructor() {
    super();
    this.add('node/w1', 'ledger.agent.watching', { at: 0, mono: 0, type: 'agent.watching', resource: 'x' });
  }

  given(pod: string, at: number, given: Given = {}): this {
    const { device = GPUS[0], gpus = 1 } = given;
    const { listed = [device], usable = [device], visible = [device], worked = null } = given;
    const { frameworks = null } = given;
    this.#listed = [...this.#listed, [pod, ...listed]];
    this.listed(...this.#listed).pod(pod, { gpus });
    for (const n of [0, 1]) {
      this.probe(pod, '', n, usable, at + 100 * n);
      const more = { visible, worked, frameworks: n === 0 ? null : frameworks };
      Object.assign(this.events.at(-1)?.body as ProbeSeen, more);
    }
    return this;
  }
}

const two = (given: Given = {}) =>
  new VendorsNode().given('a', 1_000).given('b', 2_000, { device: GPUS[1], ...given });
const one = (history: History) => checkFalseAllocation(history, smoke, LOOKS);

describe('a vendor’s node', () => {
  it('passes by what containers were told, by PodResources and by their looks', () => {
    const judged = one(two().events);
    expect(judged).to.include({ verdict: 'pass', samples: 2 });
    expect(judged.reason).to.contain('nvidia-smi alone was asked');
  });

  it('goes by PodResources where a container is told of its devices in another way', () => {
    for (const visible of [['void'], ['/var/run/nvidia-container-devices'], ['1'], []]) {
      expect(one(two({ visible }).events).verdict).to.equal('pass');
      expect(one(two({ visible, usable: [GPUS[0]] }).events).verdict).to.equal('fail');
    }
  });

  it('fails a device that nvidia-smi does not show, and one that it shows and no call reaches', () => {
    expect(one(two({ usable: [] }).events).verdict).to.equal('fail');
    expect(one(two({ worked: [] }).events).verdict).to.equal('fail');
    expect(one(two({ worked: [UUIDS[0] as string] }).events).verdict).to.equal('fail');
    const judged = one(two({ worked: [UUIDS[1] as string] }).events);
    expect(judged.verdict).to.equal('pass');
    expect(judged.reason).to.contain('in 1 of 2 a real call was made to each');
  });

  it('fails where a framework of the image finds fewer GPUs than the container has, whatever the driver says', () => {
    const judged = one(
      two({ worked: [UUIDS[1] as string], frameworks: { torch: 0, tensorflow: null } }).events,
    );
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.match(/look 1 in which torch found 0 of 1 GPUs/);
    const found = one(two({ frameworks: { torch: 1, tensorflow: null } }).events);
    expect(found.verdict).to.equal('pass');
    expect(found.reason).to.match(/; torch found them/);
    // Of two shares of one device a framework finds the one.
    const shares = { gpus: 2, listed: [`${GPUS[1]}::0`, `${GPUS[1]}::1`], frameworks: { torch: 1 } };
    expect(one(two(shares).events).verdict).to.equal('pass');
  });

  it('fails where the plugin told of another device than the kubelet has written down', () => {
    const judged = one(two({ listed: [GPUS[0]], usable: GPUS }).events);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('the plugin told of');
  });

  it('fails a container that got fewer devices than its pod asked for', () => {
    expect(one(two({ gpus: 2 }).events).verdict).to.equal('fail');
  });

  it('takes two shares of one GPU for one device, and for no double use', () => {
    const shares = (pod: number) => ({ listed: [`${GPUS[0]}::${pod}`], device: GPUS[0] });
    const { events } = new VendorsNode().given('a', 1_000, shares(0)).given('b', 1_050, shares(1));
    expect(one(events).verdict).to.equal('pass');
    const judged = checkDoubleUse(events, smoke, LOOKS);
    expect(judged).to.include({ verdict: 'pass', measured: 0 });
    expect(judged.reason).to.contain('by PodResources alone where devices are shared (1)');
    const both = { listed: [`${GPUS[0]}::0`, `${GPUS[0]}::1`], gpus: 2 };
    expect(one(new VendorsNode().given('a', 1_000, both).events).verdict).to.equal('pass');
  });

  it('refuses one share in two containers, and one whole GPU in two', () => {
    const share = { listed: [`${GPUS[0]}::0`], device: GPUS[0] };
    const whole = { device: GPUS[0] };
    for (const given of [share, whole]) {
      const { events } = new VendorsNode().given('a', 1_000, given).given('b', 1_050, given);
      expect(checkDoubleUse(events, smoke, LOOKS).verdict).to.equal('fail');
    }
  });

  it('lets parts of one GPU be seen beside it', () => {
    const part = (uuid: string) => ({ device: `MIG-${uuid}`, usable: [GPUS[0], `MIG-${uuid}`] });
    const parts = new VendorsNode()
      .given('a', 1_000, part(UUIDS[0] as string))
      .given('b', 1_050, part(UUIDS[1] as string));
    expect(one(parts.events).verdict).to.equal('pass');
    expect(checkDoubleUse(parts.events, smoke, LOOKS).verdict).to.equal('pass');
  });

  it('never passes without a line about a start, whichever, nor without the word that it was watched', () => {
    const whole = two().events;
    const kinds = ['gpu.probe', 'ledger.agent.watching', 'pod.seen'];
    const victims = whole.filter(({ type }) => kinds.includes(type));
    const wholeJob = new VendorsNode().given('a', 1_000).given('b', 2_000, { device: GPUS[1] });
    wholeJob.add('suite/gpu', 'job.created', { job: 'j', at: 0, replicas: 2, phase: 'burst' });
    expect(one(wholeJob.events).verdict).to.equal('pass');
    fc.assert(
      fc.property(fc.constantFrom(...victims), ({ seq }) => {
        expect(one(without(wholeJob.events, (event) => event.seq === seq)).verdict).to.not.equal('pass');
      }),
    );
    const unlisted = without(whole, ({ type }) => type === 'ledger.podresources');
    expect(one(unlisted).verdict).to.equal('inconclusive');
  });

  it('measures the bind latency from a container’s first look to the first that found its GPU', () => {
    const late = two();
    const first = late.events.find(({ type, body }) => type === 'gpu.probe' && (body as ProbeSeen).n === 0);
    Object.assign(first?.body as ProbeSeen, { usable: [], exit: 6 });
    expect(checkBindLatency(late.events, latency)).to.include({ verdict: 'pass', measured: 100 });
    const never = checkBindLatency(two({ usable: [] }).events, latency);
    expect(never.verdict).to.equal('inconclusive');
    expect(never.reason).to.contain('1 allocations were never associated');
  });

  it('leaves nothing out of a node beside it that has a ledger', () => {
    const beside = two().allocate('x', ['gpu-9'], 100, 'w2').associate('x', 'gpu-9', 900, {}, 'w2');
    expect(checkBindLatency(beside.events, latency)).to.include({ verdict: 'fail', measured: 800 });
    const never = two().allocate('x', ['gpu-9'], 100, 'w2');
    expect(checkBindLatency(never.events, latency).verdict).to.equal('inconclusive');
  });

  it('is real hardware where a real kubelet gave it and every look made a real call', () => {
    const evidence = (ofCluster: string, worked: string[] | null) =>
      gpuEvidence(
        new VendorsNode()
          .add('harness', 'cluster.up', { evidence: ofCluster })
          .given('a', 1_000, { worked: [UUIDS[0] as string] })
          .given('b', 2_000, { device: GPUS[1], worked }).events,
      );
    expect(evidence('real-kubernetes', [UUIDS[1] as string])).to.equal('real-hardware');
    expect(evidence('real-kubernetes', [])).to.equal('real-hardware');
    expect(evidence('real-kubernetes', null)).to.equal(undefined);
    expect(evidence('modelled', [UUIDS[1] as string])).to.equal(undefined);
  });

  it('shows a burst where PodResources had two new containers within a second, and else none', () => {
    expect(overlap(two().events).seen).to.equal(true);
    const slow = new VendorsNode();
    for (const [index, mono] of [0, 5_000].entries()) {
      const pods = [{ namespace: 'n', pod: `p${index}`, container: 'c', devices: ['d'] }];
      slow.add('node/w1', 'ledger.podresources', { mono, pods });
    }
    expect(overlap(slow.events).seen).to.equal(false);
    expect(overlap(two().events, two().events.length).seen).to.equal(false);
  });
});
