import { expect } from 'chai';
import fc from 'fast-check';
import type { History } from '../../../harness/history/event.ts';
import { doubled, moved } from '../../testing/mutations.ts';
import { without } from '../../testing/written.ts';
import { type Course, checkpointed, EVERY, type Twist } from '../testing/checkpointed.ts';
import { checkCheckpoints } from './checkpoints.ts';

const judged = (history: History) => checkCheckpoints(history, { level: 'smoke', threshold: 0 }, EVERY);
const twisted = (courses: readonly Course[], twist: Twist) => judged(checkpointed(courses, twist));

const course: fc.Arbitrary<Course> = fc.record({
  before: fc.integer({ min: 1, max: 4 }),
  during: fc.integer({ min: 0, max: 2 }),
  doubt: fc.constantFrom('none', 'lost', 'landed'),
  after: fc.integer({ min: 1, max: 3 }),
});
const courses = fc.array(course, { minLength: 1, maxLength: 3 });
const usual: Course[] = [
  { before: 3, during: 1, doubt: 'none', after: 2 },
  { before: 2, during: 0, doubt: 'lost', after: 1 },
];

const WRONG: Twist[] = [
  { read: { found: false, sha256: null, attempt: null } },
  { from: 0 },
  { from: EVERY },
  { hash: 'stray' },
  { stalled: true },
  { unhurt: true },
];

describe('GPU-8', () => {
  it('passes training that goes on from the newest acknowledged checkpoint, or from one that was on its way', () => {
    fc.assert(
      fc.property(courses, (all) => {
        const { measured, reason, samples, verdict } = judged(checkpointed(all));
        expect(verdict, reason).to.equal('pass');
        expect(measured).to.equal(0);
        expect(samples).to.equal(all.reduce((sum, { before }) => sum + before, all.length));
      }),
    );
  });

  it('refuses an acknowledged checkpoint that is missing, torn or another’s after the fault', () => {
    const losses: [Twist['read'], RegExp][] = [
      [{ found: false, sha256: null, attempt: null }, /step-00000005, acknowledged before .* is missing/],
      [{ torn: 'half of it is there', attempt: null }, /is torn: half of it is there/],
      [{ sha256: 'hash-0-5-1', attempt: 'uid-0-1' }, /is another checkpoint than the one acknowledged/],
    ];
    for (const [read, why] of losses) {
      fc.assert(
        fc.property(courses, (all) => {
          const { measured, reason, verdict } = twisted(all, { read: read as Partial<object> });
          expect(verdict).to.equal('fail');
          expect(measured).to.equal(1);
          expect(reason).to.match(why);
        }),
      );
    }
  });

  it('refuses training that goes on from any older checkpoint, or from the beginning', () => {
    fc.assert(
      fc.property(courses, fc.nat(), (all, pick) => {
        const { before, during } = all[0] as Course;
        const from = (pick % (before + during)) * EVERY;
        const { reason, verdict } = twisted(all, { from });
        expect(verdict, reason).to.equal('fail');
        expect(reason).to.contain(`went on from step ${from}, and step ${(before + during) * EVERY}`);
      }),
    );
  });

  it('refuses training that goes on from what nobody wrote, or from other bytes than were written', () => {
    const never = twisted(usual, { from: 40, hash: 'stray' });
    expect(never).to.include({ verdict: 'fail' });
    expect(never.reason).to.match(/went on from step 40, which nobody had written/);
    const other = twisted(usual, { hash: 'stray' });
    expect(other).to.include({ verdict: 'fail' });
    expect(other.reason).to.match(/by another checkpoint than was written/);
  });

  it('refuses training that did not go on in the time that it had', () => {
    const { reason, verdict } = twisted(usual, { stalled: true });
    expect(verdict).to.equal('fail');
    expect(reason).to.match(/trainer 0, interrupted by pod-kill-1, was not seen to go on in 60 s \(no pod\)/);
  });

  it('is inconclusive where nothing was seen, read, broken or interrupted', () => {
    expect(judged([])).to.include({ verdict: 'inconclusive', measured: null });
    expect(twisted(usual, { read: null }).reason).to.match(/was not read back after it/);
    expect(twisted(usual, { read: null }).verdict).to.equal('inconclusive');
    const unhurt = twisted(usual, { unhurt: true });
    expect(unhurt.verdict).to.equal('inconclusive');
    expect(unhurt.reason).to.match(/pod-kill-1 was not seen to interrupt trainer 0/);
    const unbroken = judged(without(checkpointed(usual), ({ type }) => type.startsWith('fault.')));
    expect(unbroken.verdict).to.equal('inconclusive');
    expect(unbroken.reason).to.match(/nothing was broken while a trainer trained/);
    const said = { seq: 0, mono: 0, wall: 0, source: 'suite/gpu', type: 'checkpoints.unavailable' };
    expect(judged([{ ...said, body: { reason: 'there is no Go' } }]).reason).to.match(/there is no Go/);
  });

  it('takes the word of what the harness read where a pod’s last lines were lost, and does not pass on it', () => {
    const landed: Course[] = [{ before: 3, during: 0, doubt: 'landed', after: 2 }];
    const lost = without(checkpointed(landed), ({ body }) => {
      const { word } = body as { word?: { what: string; step?: number; sha256?: string } };
      return word?.what === 'putting' && word.sha256 === 'hash-0-20-0';
    });
    const { reason, verdict } = judged(lost);
    expect(verdict).to.equal('inconclusive');
    expect(reason).to.match(/went on from step 20, of which its pod uid-0-0 had not told/);
  });

  it('refuses no sound history for one event that is missing from it', () => {
    for (const { seq } of checkpointed(usual)) {
      const { reason, verdict } = judged(without(checkpointed(usual), (event) => event.seq === seq));
      expect(verdict, `without event ${seq}: ${reason}`).to.not.equal('fail');
    }
  });

  it('certifies no wrong history for one event that is missing from it', () => {
    for (const twist of WRONG) {
      const history = checkpointed(usual, twist);
      for (const { seq, type } of history) {
        const { reason, verdict } = judged(without(history, (event) => event.seq === seq));
        expect(verdict, `without ${type} ${seq}: ${reason}`).to.not.equal('pass');
      }
    }
  });

  it('certifies no wrong history with one event twice or at another place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...WRONG), fc.nat(), fc.nat(), (twist, pick, place) => {
        const history = checkpointed(usual, twist);
        const [index, at] = [pick % history.length, place % history.length];
        for (const mutated of [doubled(history, index, at), moved(history, index, at)]) {
          const { reason, verdict } = judged(mutated);
          expect(verdict, `${history[index]?.type} ${index} at ${at}: ${reason}`).to.not.equal('pass');
        }
      }),
      { numRuns: 400 },
    );
  });
});
