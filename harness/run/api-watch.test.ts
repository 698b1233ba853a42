import { ApiException } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ManualClock } from '../clock/testing/manual-clock.ts';
import { AWAY_MS, type Away, watchApi } from './api-watch.ts';

describe('watching whether the API server is there', () => {
  let clock: ManualClock;
  let told: Away[];
  let ask: () => Promise<unknown>;
  let watch: { stop(): void };

  beforeEach(async () => {
    clock = new ManualClock();
    told = [];
    ask = async () => 'here';
    watch = watchApi(
      () => ask(),
      clock,
      (away) => told.push(away),
    );
    await clock.advance(0);
  });
  afterEach(() => watch.stop());

  const refused = async () => {
    throw new Error('ECONNREFUSED');
  };

  it('tells of nothing while it answers, be it slowly or with a refusal, and of no short absence', async () => {
    await clock.advance(60_000);
    ask = async () => await clock.sleep(AWAY_MS - 2_000);
    await clock.advance(60_000);
    ask = async () => {
      throw new ApiException(403, 'forbidden', {}, {});
    };
    await clock.advance(60_000);
    ask = refused;
    await clock.advance(AWAY_MS - 3_000);
    ask = async () => 'here';
    await clock.advance(60_000);
    expect(told).to.deep.equal([]);
  });

  it('tells once for how long it was away, whether calls failed or hung', async () => {
    await clock.advance(5_000);
    ask = refused;
    await clock.advance(20_000);
    ask = async () => 'here';
    await clock.advance(10_000);
    expect(told).to.have.length(1);
    expect(told[0]).to.include({ reason: 'ECONNREFUSED' });
    expect(told[0]?.ms).to.be.within(20_000, 22_000);
    ask = async () => await clock.sleep(90_000);
    await clock.advance(200_000);
    expect(told[1]?.ms).to.be.within(90_000, 92_000);
    expect(told[1]).to.not.have.property('reason');
  });

  it('tells at the end of one that never came back, without waiting for it, and nothing after', async () => {
    ask = () => new Promise(() => undefined);
    await clock.advance(40_000);
    expect(told).to.deep.equal([]);
    watch.stop();
    watch.stop();
    expect(told.map(({ ms }) => ms)).to.deep.equal([40_000]);
    await clock.advance(60_000);
    expect(told).to.have.length(1);
  });

  it('takes a server that is in trouble for one that is away', async () => {
    ask = async () => {
      throw new ApiException(503, 'starting', {}, {});
    };
    await clock.advance(AWAY_MS + 2_000);
    watch.stop();
    expect(told).to.have.length(1);
  });
});
