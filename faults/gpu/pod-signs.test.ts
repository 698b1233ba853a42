import { expect } from 'chai';
import fc from 'fast-check';
import type { Given } from '../../clusters/plugin-proxy/control.ts';
import { holderOf, lostAllocations, type PodView, sameAnswer } from './pod-signs.ts';

const pod = (uid: string, phase = 'Running'): PodView => ({
  ...{ uid, phase, name: `pod-${uid}`, createdWall: 0, startedWall: 0, messages: '' },
});
/** A pod of this UID, with the device of this number and an answer of these words. */
const gave = (podUid: string, device: number, said: string): Given => ({
  ...{ podUid, container: 'main', resource: 'nvidia.com/gpu', devices: [`GPU-${device}`] },
  answer: { envs: { SAID: said }, mounts: [] },
});
const uids = fc.uniqueArray(fc.nat(99).map(String), { minLength: 2, maxLength: 8 });

describe('what pods and the kubelet show of altered calls', () => {
  it('an answer given twice is one of two containers with different devices', () => {
    fc.assert(
      fc.property(uids, (all) => {
        const each = all.map((uid, index) => gave(uid, index, uid));
        expect(sameAnswer(each)).to.equal(undefined);
        const twice = [...each, gave('late', all.length, all[0] as string)];
        expect(sameAnswer(twice)?.map(({ podUid }) => podUid)).to.deep.equal([all[0], 'late']);
        // An init container and the main one after it hold the same device, and may well be answered the same.
        expect(sameAnswer([gave('a', 0, 'x'), { ...gave('a', 0, 'x'), container: 'init' }])).to.equal(
          undefined,
        );
      }),
    );
  });

  it('a call was for the pod that holds its devices, if one does', () => {
    const given = [gave('a', 0, ''), gave('b', 1, '')];
    expect(holderOf(['GPU-1'], given, [pod('a'), pod('b')])?.uid).to.equal('b');
    expect(holderOf(['GPU-2'], given, [pod('a'), pod('b')])).to.equal(undefined);
    expect(holderOf(['GPU-0', 'GPU-1'], given, [pod('a'), pod('b')])).to.equal(undefined);
    expect(holderOf([], given, [pod('a')])).to.equal(undefined);
    expect(holderOf(['GPU-1'], given, [pod('a')])).to.equal(undefined);
  });

  it('an allocation is lost where a pod runs on and the kubelet knows of none, or of another device', () => {
    fc.assert(
      fc.property(uids, fc.nat(7), (all, at) => {
        const before = all.map((uid, index) => gave(uid, index, uid));
        const one = all[at % all.length] as string;
        const pods = all.map((uid) => pod(uid));
        expect(lostAllocations(before, before.toReversed(), pods)).to.deep.equal([]);
        const without = before.filter(({ podUid }) => podUid !== one);
        expect(lostAllocations(before, without, pods)).to.deep.equal([`pod-${one}`]);
        expect(lostAllocations(before, [...without, gave(one, 99, one)], pods)).to.deep.equal([`pod-${one}`]);
        // One that has ended has given back.
        const ended = all.map((uid) => pod(uid, uid === one ? 'Succeeded' : 'Running'));
        expect(lostAllocations(before, without, ended)).to.deep.equal([]);
      }),
    );
  });
});
