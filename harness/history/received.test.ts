import { expect } from 'chai';
import fc from 'fast-check';
import type { HistoryEvent } from './event.ts';
import { isEventLine } from './printed.ts';
import { ReceivedHistory } from './received.ts';

const event = (seq: number, type = 'seen'): HistoryEvent => ({
  ...{ seq, mono: seq, wall: seq, source: 'harness', type },
  body: type === 'run.ended' ? { outcome: 'done' } : {},
});
const lines = (count: number) =>
  [...Array.from({ length: count }, (_, seq) => event(seq)), event(count, 'run.ended')].map((each) =>
    JSON.stringify(each),
  );

describe('a history that comes in lines', () => {
  it('is whole where a stream that was cut anywhere is read again from its start', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.array(fc.nat(21)), (count, cuts) => {
        const all = lines(count);
        const received = new ReceivedHistory();
        for (const cut of cuts) for (const line of all.slice(0, cut)) received.take(line);
        for (const line of all) received.take(line);
        expect(received.missing()).to.equal(undefined);
        expect(received.events.map((each) => JSON.stringify(each))).to.deep.equal(all);
      }),
    );
  });

  it('says which event was lost, and takes nothing after it', () => {
    const received = new ReceivedHistory();
    const [first, , third, end] = lines(3) as [string, string, string, string];
    expect(received.take(first)?.seq).to.equal(0);
    expect(received.take(third)).to.equal(undefined);
    expect(received.take(end)).to.equal(undefined);
    expect(received.events).to.have.lengthOf(1);
    expect(received.missing()).to.equal('event 1 of a history of at least 4 was lost');
  });

  it('misses its end, also where nothing or a torn line came', () => {
    const received = new ReceivedHistory();
    expect(received.missing()).to.equal('the end of the history did not come');
    received.take(lines(1)[0] as string);
    expect(received.take('{"seq":1,"mono":')).to.equal(undefined);
    expect(received.missing()).to.equal('the end of the history did not come');
  });

  it('tells an event’s line from what else is said on the stream', () => {
    expect(lines(1).every(isEventLine)).to.equal(true);
    for (const line of ['  0.1 s  cluster: existing', '{"seq":"1"}', '{"level":30,"seq":1,', ''])
      expect(isEventLine(line), line).to.equal(false);
  });
});
