import { expect } from 'chai';
import { parseHistory } from '../../harness/history/reader.ts';
import { judge } from '../../harness/verdict/judge.ts';
import { WrittenHistory } from '../testing/written.ts';
import { longHistory } from './periodic.ts';
import { SUBJECTS } from './subjects.ts';

describe('a history that is as long as one likes', () => {
  for (const [name, { plan, run, suite }] of Object.entries(SUBJECTS)) {
    it(`of suite ${name} is read whole and certified`, () => {
      for (const wanted of [1, 5_000]) {
        const text = [...longHistory(run(), wanted)].join('');
        const { events, truncated } = parseHistory(text, 'events.jsonl');
        expect(events.length).to.be.at.least(wanted);
        const { reasons, verdict } = judge({ history: events, suites: [suite], plan, truncated });
        expect({ verdict, reasons }).to.deep.equal({ verdict: 'pass', reasons: [] });
      }
    });
  }

  it('is what it is made of, once and twice', () => {
    const of = (times: number) => {
      const written = new WrittenHistory().add('s', 'begins', null);
      for (let time = 0; time < times; time++) written.add(`pod-${time}`, 'goes.on', { half: time / 2 });
      return written.add('s', 'ends', { times }).events;
    };
    const long = (events: number) =>
      [...longHistory({ once: of(1), twice: of(2), from: 1, toOnce: 2, toTwice: 3 }, events)].join('');
    for (const times of [1, 2, 7])
      expect(long(times + 2)).to.equal(
        of(times)
          .map((e) => `${JSON.stringify(e)}\n`)
          .join(''),
      );
  });

  it('is refused where the second time is not as the first', () => {
    const of = (...types: string[]) =>
      types.reduce((all, type) => all.add('s', type, null), new WrittenHistory()).events;
    const periodic = { once: of('a', 'b'), twice: of('a', 'b', 'c'), from: 1, toOnce: 2, toTwice: 3 };
    expect(() => [...longHistory(periodic, 10)]).to.throw(RangeError, 'the next one');
  });
});
