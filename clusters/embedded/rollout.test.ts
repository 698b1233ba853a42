import { expect } from 'chai';
import fc from 'fast-check';
import { newShare, oldShares, type PodLimits, podLimits, proportional, type Share } from './rollout.ts';

const limits = fc
  .record({ replicas: fc.nat({ max: 40 }), surge: fc.nat({ max: 10 }), unavailable: fc.nat({ max: 10 }) })
  .map(({ replicas, surge, unavailable }) =>
    podLimits(replicas, { maxSurge: surge, maxUnavailable: unavailable }),
  );
const sum = (figures: number[]) => figures.reduce((total, figure) => total + figure, 0);

/** Rolls out to the end: each round, as many of the new pods as `pace` says become available. */
function rollOut(bounds: PodLimits, start: Share[], pace: number[], look: (all: Share[]) => void): Share[] {
  let fresh: Share = { replicas: 0, available: 0 };
  let old = start;
  for (let round = 0; round < 500 && !ended(bounds, fresh, old); round++) {
    const replicas = newShare(bounds, fresh.replicas, old);
    fresh = { ...fresh, replicas };
    look([fresh, ...old]);
    const sizes = oldShares(bounds, fresh, old);
    old = old.map(({ available }, index) => {
      const size = sizes[index] as number;
      return { replicas: size, available: Math.min(size, available) };
    });
    look([fresh, ...old]);
    const come = 1 + (pace[round % pace.length] as number);
    fresh = { ...fresh, available: Math.min(fresh.replicas, fresh.available + come) };
  }
  return [fresh, ...old];
}

function ended({ replicas }: PodLimits, fresh: Share, old: Share[]): boolean {
  return fresh.available === replicas && sum(old.map((share) => share.replicas)) === 0;
}

describe('the limits of a rollout', () => {
  it('round surge up and unavailability down', () => {
    const quarter = { maxSurge: '25%', maxUnavailable: '25%' };
    expect(podLimits(3, quarter)).to.deep.equal({ replicas: 3, surge: 1, unavailable: 0 });
    expect(podLimits(4, quarter)).to.deep.equal({ replicas: 4, surge: 1, unavailable: 1 });
    expect(podLimits(10, quarter)).to.deep.equal({ replicas: 10, surge: 3, unavailable: 2 });
  });

  it('leave one pod to be missing where both come to nothing', () => {
    expect(podLimits(3, { maxSurge: 0, maxUnavailable: '10%' }).unavailable).to.equal(1);
  });

  it('let a Deployment that is recreated be gone', () => {
    expect(podLimits(3)).to.deep.equal({ replicas: 3, surge: 0, unavailable: 3 });
  });
});

describe('a rollout', () => {
  it('as upstream steps through it: 3 pods, one at a time', () => {
    const seen: string[] = [];
    const bounds = podLimits(3, { maxSurge: '25%', maxUnavailable: '25%' });
    rollOut(bounds, [{ replicas: 3, available: 3 }], [0], (all) => {
      const text = all.map(({ replicas }) => replicas).join('+');
      if (seen.at(-1) !== text) seen.push(text);
    });
    expect(seen).to.deep.equal(['1+3', '1+2', '2+2', '2+1', '3+1', '3+0']);
  });

  it('never has more pods than the surge allows nor fewer available than it may, and ends', () => {
    const healthy = (bounds: PodLimits, parts: number[]) => {
      // The old ReplicaSets together have what was asked for, all of it available.
      let left = bounds.replicas;
      return [...parts, bounds.replicas].map((part) => {
        const replicas = Math.min(left, part);
        left -= replicas;
        return { replicas, available: replicas };
      });
    };
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
        fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 5 }),
        (bounds, parts, pace) => {
          const { replicas, surge, unavailable } = bounds;
          const end = rollOut(bounds, healthy(bounds, parts), pace, (all) => {
            expect(sum(all.map((share) => share.replicas))).to.be.at.most(replicas + surge);
            expect(sum(all.map((share) => share.available))).to.be.at.least(replicas - unavailable);
          });
          expect(end[0]).to.deep.equal({ replicas, available: replicas });
          expect(sum(end.slice(1).map((share) => share.replicas))).to.equal(0);
        },
      ),
    );
  });

  it('takes old pods that are not available first: they cost nothing', () => {
    const bounds = podLimits(4, { maxSurge: 1, maxUnavailable: 0 });
    const sizes = oldShares(bounds, { replicas: 1, available: 1 }, [
      { replicas: 2, available: 0 },
      { replicas: 3, available: 3 },
    ]);
    expect(sizes).to.deep.equal([0, 3]);
  });
});

describe('a Deployment scaled in the midst of a rollout', () => {
  it('keeps the proportions: the example of the Kubernetes documentation', () => {
    const bounds = podLimits(15, { maxSurge: 3, maxUnavailable: 2 });
    const sizes = proportional(bounds, [
      { replicas: 8, base: 13 },
      { replicas: 5, base: 13 },
    ]);
    expect(sizes).to.deep.equal([11, 7]);
  });

  it('has as many pods as the surge allows in all, none below zero, and none where none is asked for', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 4 }),
        (bounds, sizes) => {
          const slices = sizes.toSorted((a, b) => b - a).map((replicas) => ({ replicas, base: sum(sizes) }));
          const scaled = proportional(bounds, slices);
          expect(Math.min(...scaled)).to.be.at.least(0);
          expect(sum(scaled)).to.equal(bounds.replicas > 0 ? bounds.replicas + bounds.surge : 0);
        },
      ),
    );
  });
});
