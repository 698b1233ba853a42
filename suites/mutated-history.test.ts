import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { OrdealError } from '../harness/errors/error.ts';
import type { History } from '../harness/history/event.ts';
import { grouped } from '../harness/history/grouped.ts';
import { parseHistory, readHistory } from '../harness/history/reader.ts';
import { judge } from '../harness/verdict/judge.ts';
import { checkDoubleUse } from './gpu/checkers/double-use.ts';
import { type Bench, edgeBench, gpuBench } from './mutants/subjects.ts';
import { wrongRuns } from './mutants/written.ts';
import { clockJumped, doubled, interleaved, lines, moved, recordedAs } from './testing/mutations.ts';
import { without } from './testing/written.ts';

/** The same mutations every time: these are tests of checkers, and no hunt. */
const SEED = 7;

interface Subject extends Bench {
  /** Runs that are not certified, by what is wrong with them. */
  wrong: Readonly<Record<string, History>>;
  /**
   * What is wrong with them that one event alone tells of, by its type: without it nothing else in the record
   * contradicts a pass. The numbers of the history’s own lines are all that holds these.
   */
  alone: Readonly<Record<string, string>>;
}

const wrong = (name: keyof typeof wrongRuns) =>
  Object.fromEntries(Object.entries(wrongRuns[name]).map(([what, { history }]) => [what, history]));

const subjects: Record<'gpu' | 'edge', Subject> = {
  gpu: { ...gpuBench, wrong: wrong('gpu'), alone: {} },
  edge: {
    ...edgeBench,
    wrong: wrong('edge'),
    alone: {
      'without an alert': 'watchdog.restarted',
      'with a program that fell over': 'program.failed',
    },
  },
};

describe('a mutated history', function () {
  this.timeout(120_000);

  for (const [name, { alone, plan, sound, suite, wrong }] of Object.entries(subjects)) {
    const verdictOf = (history: History, truncated = false) =>
      judge({ history, suites: [suite], plan, truncated }).verdict;
    /** Of any run that is not certified, and any of its events. */
    const ofWrong = fc.constantFrom(...Object.entries(wrong)).chain(([what, history]) =>
      fc.record({
        what: fc.constant(what),
        history: fc.constant(history),
        index: fc.nat(history.length - 1),
      }),
    );
    const stillWrong = (history: History) => expect(verdictOf(history)).not.to.equal('pass');

    describe(`of suite ${name}`, () => {
      it('is certified as it was, where nothing is wrong, and not where anything is', () => {
        expect(verdictOf(sound)).to.equal('pass');
        for (const [what, history] of Object.entries(wrong))
          expect(verdictOf(history), what).not.to.equal('pass');
      });

      it('is never certified from a file that lost a line, has one twice or elsewhere, or holds another run’s', () => {
        const text = lines(sound);
        const change = fc.nat(text.length - 1).chain((index) =>
          fc.oneof(
            fc.constant(text.toSpliced(index, 1)),
            fc.nat(text.length).map((at) => text.toSpliced(at, 0, text[index] as string)),
            fc
              .nat(text.length - 1)
              .filter((at) => at !== index)
              .map((at) => text.toSpliced(index, 1).toSpliced(at, 0, text[index] as string)),
            fc.constant([...text.slice(0, index + 1), ...text]),
            fc.constant(text.flatMap((line, at) => (at < index ? [line] : [line, line]))),
          ),
        );
        fc.assert(
          fc.property(change, (changed) => {
            expect(certifies(`${changed.join('\n')}\n`)).to.equal(false);
          }),
          { numRuns: 300, seed: SEED },
        );
      });

      it('is never certified cut off after any line, nor within one', () => {
        const text = `${lines(sound).join('\n')}\n`;
        expect(certifies(text)).to.equal(true);
        const ends = [...text.matchAll(/\n/g)].map(({ index }) => index + 1).slice(0, -1);
        const within = fc.sample(fc.nat(text.length - 1), { numRuns: 100, seed: SEED });
        for (const end of [...ends, ...within])
          expect(certifies(text.slice(0, end)), `${end}`).to.equal(false);
      });

      it('without any one event is no pass, but where that alone told of it', () => {
        for (const [what, history] of Object.entries(wrong)) {
          const kinds = grouped(history, ({ type }) => type);
          const passed = history
            // Of a kind with hundreds, one of eight.
            .filter(({ seq, type }) => (kinds.get(type)?.length ?? 0) < 20 || seq % 8 === 0)
            .filter((lost) => verdictOf(without(history, (event) => event === lost)) === 'pass')
            .map(({ type }) => type);
          expect([...new Set(passed)], what).to.deep.equal(alone[what] === undefined ? [] : [alone[what]]);
        }
      });

      it('without all that one source said, or said of one kind, or said from some time on, is no pass', () => {
        fc.assert(
          fc.property(
            ofWrong,
            fc.constantFrom('source', 'kind', 'rest'),
            ({ history, index, what }, lost) => {
              const { source, type } = history[index] as History[number];
              fc.pre(alone[what] !== type && !(lost !== 'kind' && what in alone));
              stillWrong(
                without(history, (event) => {
                  if (lost === 'kind') return event.type === type;
                  return event.source === source && (lost === 'source' || event.seq >= index);
                }),
              );
            },
          ),
          { numRuns: 500, seed: SEED },
        );
      });

      it('with events that come again, next to the first or later, is no pass', () => {
        fc.assert(
          fc.property(ofWrong, fc.nat(), fc.boolean(), ({ history, index }, later, next) => {
            stillWrong(doubled(history, index, next ? index : index + (later % (history.length - index))));
          }),
          { numRuns: 400, seed: SEED },
        );
      });

      it('with every line twice is no pass', () => {
        for (const [what, history] of Object.entries(wrong))
          expect(verdictOf(recordedAs(history.flatMap((event) => [event, event]))), what).not.to.equal(
            'pass',
          );
      });

      it('with a line of a ledger at another place is no pass', () => {
        fc.assert(
          fc.property(ofWrong, fc.nat(), ({ history, index }, to) => {
            fc.pre((history[index] as History[number]).type.startsWith('ledger.'));
            stillWrong(moved(history, index, to % history.length));
          }),
          { numRuns: 400, seed: SEED },
        );
      });

      it('in which a clock jumps, back or ahead, is no pass', () => {
        const jumps = fc.constantFrom(-3_600_000, -60_000, -5_000, -500, 500, 8_000, 60_000, 3_600_000);
        fc.assert(
          fc.property(ofWrong, jumps, ({ history, index }, byMs) => {
            stillWrong(clockJumped(history, index, byMs));
          }),
          { numRuns: 800, seed: SEED },
        );
      });

      it('in which the wall clock jumps is judged as it was', () => {
        fc.assert(
          fc.property(ofWrong, fc.integer({ min: -1e7, max: 1e7 }), ({ history, index }, byMs) => {
            const jumped = history.map((event) =>
              event.seq < index ? event : { ...event, wall: event.wall + byMs },
            );
            expect(verdictOf(jumped)).to.equal(verdictOf(history));
          }),
          { numRuns: 300, seed: SEED },
        );
      });

      it('of two runs, one after the other or in each other, is never certified', () => {
        for (const [what, history] of [['sound', sound] as const, ...Object.entries(wrong)]) {
          for (const both of [
            interleaved(history, sound),
            interleaved(sound, history),
            recordedAs([...history, ...sound]),
            recordedAs([...sound, ...history]),
          ])
            expect(verdictOf(both), what).not.to.equal('pass');
        }
      });
    });

    function certifies(text: string): boolean {
      try {
        const { events, truncated } = parseHistory(text, 'events.jsonl');
        return judge({ history: events, suites: [suite], plan, truncated }).verdict === 'pass';
      } catch (error) {
        if (error instanceof OrdealError && error.code === 'HISTORY_INVALID') return false;
        throw error;
      }
    }
  }

  it('of a real kubelet’s double use is no pass without any one line, nor with a clock that jumps', async () => {
    const path = join(import.meta.dirname, 'gpu', 'fixtures', 'reservation-drop.1-27-3.jsonl');
    const { events } = await readHistory(path);
    const passes = (history: History) =>
      checkDoubleUse(history, { level: 'smoke', threshold: 0 }, 2).verdict === 'pass';
    for (const event of events) {
      expect(passes(without(events, (each) => each === event)), `without line ${event.seq + 1}`).to.equal(
        false,
      );
      for (const byMs of [-3_600_000, -1_000, 1_000, 3_600_000])
        expect(passes(clockJumped(events, event.seq, byMs)), `${byMs} ms at ${event.seq + 1}`).to.equal(
          false,
        );
    }
  });
});
