import { claimBindDelay } from '../../../faults/gpu/claim-bind-delay.ts';
import { checkClaims } from '../checkers/claims.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import type { StagedClaims } from '../staged-claims.ts';

const FIRST = 'first';
/** By how much a device comes later, of what a container took from its claim's preparation to its first look. */
const START_LATENCIES = 2;
const LEAST_MS = 10_000;
/** The kubelet gives a driver 45 s for a claim. */
const MOST_MS = 30_000;
/** Pods for each device: those that find none wait for those that do. */
const WAVES = 2;

/** A burst of pods, each with a ResourceClaim, twice as many as there are devices; binding a device takes longer than a start. */
export const claims: Scenario = {
  id: 'G15',
  needs: ['plugin-sockets', 'resource-claims'],
  threshold: 0,
  unit: 'false allocations',
  fault: (at) => claimBindDelay(at.id, at, at.dra, at.claimDelay),
  async run(stage) {
    const staged = await stage.parts.claims();
    await staged.create(FIRST);
    await stage.working(FIRST);
    const startMs = staged.startMs(FIRST);
    await staged.remove(FIRST);
    staged.delay(startMs, Math.min(MOST_MS, Math.max(LEAST_MS, START_LATENCIES * startMs)));
    await stage.hold(() => burst(stage, staged));
  },
  check: (history, target, { devices }) => checkClaims(history, 'G15', target, 1 + WAVES * devices),
};

/** Those that have had their device for a moment make room for those that wait. */
async function burst(stage: Stage, claims: StagedClaims): Promise<void> {
  const { devices, patience } = stage.settings;
  const waiting = new Set(Array.from({ length: WAVES * devices }, (_, index) => `burst-${index}`));
  await Promise.all([...waiting].map((pod) => claims.create(pod)));
  await stage.every(WAVES * patience, async () => {
    await claims.look();
    for (const pod of waiting) {
      await stage.lookAt(pod);
      if (!(await stage.readWork(pod))) continue;
      await claims.look();
      waiting.delete(pod);
      await claims.remove(pod);
    }
    return waiting.size === 0;
  });
}
