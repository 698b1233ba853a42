import { expect } from 'chai';
import { eventsOf } from '../../harness/history/event.ts';
import { certifiedUpgrade, UPGRADE_FAULT } from '../testing/upgrades.ts';

/** The suite's own faults, and each node brought to the next minor version in the midst of them. */
const SUITE = {
  name: 'gpu',
  faults: [
    { kind: 'gpu/bind-delay', with: { startLatencies: 0.3 } },
    { kind: 'load/job-burst' },
    UPGRADE_FAULT,
    { kind: 'gpu/plugin-restart' },
    { kind: 'gpu/device-unhealthy' },
  ],
};
const MORE = {
  // The control plane's node is in no blast radius that does not name it.
  radius: { nodes: { cloud: true } },
  // Two processors run the cluster and its test, see certification.kind.test.ts.
  requirements: { 'GPU-4': { threshold: 1_500 } },
};

describe('a kind cluster that is upgraded in place under suite gpu', function () {
  this.timeout(1_500_000);

  it('meets every requirement: GPUs stay with their pods, and move with those that are drained', async () => {
    const { events, verdict } = await certifiedUpgrade({ suite: SUITE, more: MORE });
    expect(verdict.requirements.find(({ id }) => id === 'GPU-10')).to.include({
      verdict: 'pass',
      measured: 0,
    });
    // Four pods hold GPUs, two on a worker: each drain moves two at the least.
    expect(eventsOf(events, 'upgrade.evicted')).to.have.length.of.at.least(4);
  });
});
