import { expect } from 'chai';
import { eventsOf } from '../../harness/history/event.ts';
import { certifiedUpgrade, UPGRADE_FAULT } from '../testing/upgrades.ts';
import { timelines } from './connectivity.ts';
import { edgeEvents } from './events.ts';

/** The suite's own faults, and each node brought to the next minor version after them. */
const SUITE = {
  name: 'edge',
  faults: [
    { kind: 'network/offload-defect', with: { for: '12s' } },
    { kind: 'network/partition', with: { for: '6.5s', match: 'tunnel' } },
    { kind: 'network/tunnel-restart' },
    { kind: 'network/broker-restart' },
    UPGRADE_FAULT,
  ],
};

describe('a kind cluster that is upgraded in place under suite edge', function () {
  this.timeout(1_500_000);

  it('meets every requirement: no tunnel is cut by it, no message lost, and no collector ended', async () => {
    const { events } = await certifiedUpgrade({ suite: SUITE, more: {} });
    const [begun] = eventsOf<{ fault: string }>(events, 'fault.injecting').filter(
      ({ body }) => body.fault === 'upgrade-1',
    );
    const from = begun?.mono ?? Number.NaN;
    for (const { outages, path, toHistoryMs } of timelines(events))
      if (path === 'tunnel')
        for (const { fromMono, ms } of outages) expect(fromMono + ms + toHistoryMs).to.be.below(from);
    const collectors = edgeEvents(events, 'collector.seen').filter(({ mono }) => mono > from);
    expect(collectors.filter(({ body }) => body.gone || body.restarts > 0)).to.deep.equal([]);
  });
});
