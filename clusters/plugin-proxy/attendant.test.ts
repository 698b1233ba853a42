import { expect } from 'chai';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import { Attendant, type Hands } from './attendant.ts';
import type { AttendantRequest } from './protocol.ts';

const LEASE_MS = 30_000;

describe('who attends to a proxy', () => {
  let clock: ManualClock;
  let did: string[];
  let failures: number;
  let attendant: Attendant;
  let over: boolean;

  const hands: Hands = {
    find: async () => ({ endpoint: 'vendor.sock', healthy: 4 }),
    start: async ({ vendor }) => void did.push(`start ${vendor}`),
    async giveBack() {
      did.push('give back');
      failures -= 1;
      if (failures >= 0) throw new Error('not yet');
    },
    look: async () => ({ stands: true, fronted: true }),
    lines: () => [`line ${did.length}`],
    given: () => [],
  };
  const start = (endMs: number): AttendantRequest => ({
    ...{ do: 'start', vendor: 'vendor.sock', leaseMs: LEASE_MS, endMs },
    injection: { kind: 'hang', call: 'Allocate', every: 1 },
  });

  beforeEach(() => {
    clock = new ManualClock();
    did = [];
    failures = 0;
    over = false;
    attendant = new Attendant(hands, clock);
    attendant.attend().then(() => {
      over = true;
    });
  });

  it('holds the proxy as long as the run is heard of, and gives back a lease after', async () => {
    await attendant.answer(start(600_000));
    for (let renewals = 0; renewals < 10; renewals += 1) {
      await clock.advance(LEASE_MS - 1_000);
      expect(await attendant.answer({ do: 'renew' })).to.deep.equal({});
    }
    expect(did).to.deep.equal(['start vendor.sock']);
    await clock.advance(LEASE_MS - 1_000);
    // What others ask is no sign of the run’s life.
    await attendant.answer({ do: 'look' });
    await clock.advance(1_000);
    expect(did).to.deep.equal(['start vendor.sock', 'give back']);
    expect(await attendant.answer({ do: 'renew' })).to.deep.equal({
      lapsed: 'the run was not heard of in time',
    });
    await clock.advance(60_000);
    expect(over).to.equal(true);
  });

  it('gives back at the deadline whatever it hears', async () => {
    await attendant.answer(start(20_000));
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1_000);
      await attendant.answer({ do: 'renew' });
    }
    await clock.advance(250);
    expect(did).to.deep.equal(['start vendor.sock', 'give back']);
  });

  it('tries again where it cannot give back', async () => {
    failures = 3;
    await attendant.answer(start(5_000));
    await clock.advance(10_000);
    expect(did.filter((what) => what === 'give back')).to.have.length(4);
  });

  it('puts nothing in front once it has given up on the run', async () => {
    await attendant.answer(start(1_000));
    await clock.advance(2_000);
    const refused = await attendant.answer(start(600_000)).catch((error: Error) => error.message);
    expect(refused).to.equal('the run’s deadline was there');
    expect(did).to.deep.equal(['start vendor.sock', 'give back']);
  });

  it('serves one fault after the other, and ends when it is told to', async () => {
    await attendant.answer(start(20_000));
    await attendant.answer({ do: 'give-back' });
    await clock.advance(30_000);
    await attendant.answer({ do: 'renew' });
    await attendant.answer(start(20_000));
    expect(did).to.deep.equal(['start vendor.sock', 'give back', 'start vendor.sock']);
    await attendant.answer({ do: 'end' });
    await clock.advance(0);
    expect(did.at(-1)).to.equal('give back');
    expect(over).to.equal(true);
  });

  it('ends by itself where nobody asks for anything', async () => {
    await clock.advance(125_000);
    expect(over).to.equal(true);
    expect(did).to.deep.equal(['give back']);
  });

  it('tells lines from any on, also again', async () => {
    expect(await attendant.answer({ do: 'lines', from: 0 })).to.have.length(1);
    expect(await attendant.answer({ do: 'lines', from: 1 })).to.have.length(1);
    expect(await attendant.answer({ do: 'lines', from: 0 })).to.have.length(3);
  });
});
