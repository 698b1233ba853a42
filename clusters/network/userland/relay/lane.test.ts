import { expect } from 'chai';
import { systemClock } from '../../../../harness/clock/clock.ts';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { Lane } from './lane.ts';

describe('one direction of a link', () => {
  let lane: Lane;
  let sent: string[];
  const pass = (name: string, delayMs = 0, rateKbit = 0) =>
    lane.pass(100, delayMs, rateKbit, () => sent.push(name));
  const all = (count: number) =>
    waitFor(() => sent.length === count, { what: `${count} datagrams`, deadlineMs: 5_000, intervalMs: 1 });

  beforeEach(() => {
    lane = new Lane(systemClock);
    sent = [];
  });
  afterEach(() => lane.close());

  it('lets go at once what is not delayed, past what is', () => {
    pass('slow', 1_000);
    pass('quick');
    expect(sent).to.deep.equal(['quick']);
  });

  it('keeps the order of what is delayed alike, and lets a shorter delay overtake a longer one', async () => {
    // Longer than a busy machine stands still between two of these lines.
    pass('last', 1_000);
    for (const name of ['a', 'b', 'c']) pass(name, 20);
    await all(4);
    expect(sent).to.deep.equal(['a', 'b', 'c', 'last']);
  });

  it('takes the time that the rate says, one after the other, and a delay on top', async () => {
    const startedAt = systemClock.mono();
    // 800 bits each at 20 bits a millisecond.
    for (const name of ['a', 'b', 'c']) pass(name, 30, 20);
    await all(3);
    expect(systemClock.mono() - startedAt).to.be.at.least(3 * 40 + 30);
    expect(sent).to.deep.equal(['a', 'b', 'c']);
  });

  it('loses what comes to a full queue, and nothing that need not wait', async () => {
    for (let count = 0; count < 1_100; count += 1) pass('waits', 1_000);
    pass('quick');
    await all(1_001);
    expect(sent[0]).to.equal('quick');
  });

  it('sends nothing after it was closed', async () => {
    pass('never', 20);
    lane.close();
    lane = new Lane(systemClock);
    pass('witness', 40);
    await all(1);
    expect(sent).to.deep.equal(['witness']);
  });
});
