import { expect } from 'chai';
import { ended } from './ended.ts';
import type { HistoryEvent } from './event.ts';
import { parseHistory } from './reader.ts';

const event = (seq: number, type = 'seen'): HistoryEvent => ({
  seq,
  mono: seq * 10,
  wall: 1_000 + seq,
  source: 'harness',
  type,
  body: type === 'run.ended' ? { outcome: 'done' } : {},
});
const text = (events: HistoryEvent[]) => events.map((each) => `${JSON.stringify(each)}\n`).join('');

describe('history whose recorder went', () => {
  it('keeps what was recorded, leaves a torn line out, and ends with the reason', () => {
    const torn = `${text([event(0), event(1)])}{"seq":2,"mono":`;
    const { events, truncated } = parseHistory(
      ended(parseHistory(torn, 'torn'), 'the guest ended', 2_000),
      'x',
    );
    expect(truncated).to.equal(false);
    expect(events).to.deep.equal([
      event(0),
      event(1),
      {
        seq: 2,
        mono: 10,
        wall: 2_000,
        source: 'harness',
        type: 'run.ended',
        body: { outcome: 'failed', error: 'the guest ended' },
      },
    ]);
  });

  it('leaves an end that was recorded as it is', () => {
    const whole = text([event(0), event(1, 'run.ended')]);
    expect(ended(parseHistory(whole, 'whole'), 'the guest ended', 2_000)).to.equal(whole);
  });
});
