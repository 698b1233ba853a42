import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Impairment } from '../clusters/network/port.ts';
import type { Cluster } from '../clusters/port.ts';
import { systemClock } from '../harness/clock/clock.ts';
import { memoryRecorder } from '../harness/history/writer.ts';
import { reach } from '../harness/radius/reach.ts';
import { validated } from './contract.ts';
import { addImpairment, asked, removeImpairment } from './network/impairments.ts';
import type { Fault, FaultContext } from './port.ts';
import { ownState } from './testing/own-state.ts';
import { within } from './testing/within.ts';
import { FaultKeeper } from './wrapper.ts';

/** What a fault gets wrong, or right, at each step. */
interface Behaviour {
  capability: 'has it' | 'lacks it' | 'throws';
  bitesBefore: 'no' | 'yes' | 'throws';
  inject: 'works' | 'throws half way' | 'throws at once' | 'does nothing';
  bite: 'seen' | 'never' | 'throws';
  work: 'done' | 'throws';
  heal: 'works' | 'does nothing' | 'throws';
  gone: 'as it is' | 'always' | 'never' | 'throws';
}

const behaviours: fc.Arbitrary<Behaviour> = fc.record({
  capability: fc.constantFrom('has it', 'has it', 'has it', 'has it', 'lacks it', 'throws'),
  bitesBefore: fc.constantFrom('no', 'no', 'no', 'no', 'yes', 'throws'),
  inject: fc.constantFrom('works', 'works', 'throws half way', 'throws at once', 'does nothing'),
  bite: fc.constantFrom('seen', 'never', 'throws'),
  work: fc.constantFrom('done', 'throws'),
  heal: fc.constantFrom('works', 'works', 'does nothing', 'throws'),
  gone: fc.constantFrom('as it is', 'as it is', 'always', 'never', 'throws'),
});

interface Outcome {
  /** Code, or message, of what was thrown. */
  thrown: string | undefined;
  events: string[];
  bit: boolean | undefined;
  healed: boolean | undefined;
  /** Whether its mark is still at the target, and its entry in the journal. */
  mark: boolean;
  journalled: boolean;
}

/** What the wrapper has to make of it. */
function expected(of: Behaviour): Outcome {
  const untouched = { bit: undefined, healed: undefined, mark: false, journalled: false };
  if (of.capability === 'throws') return { ...untouched, thrown: 'capability', events: [] };
  if (of.capability === 'lacks it') return { ...untouched, thrown: undefined, events: ['fault.refused'] };
  if (of.bitesBefore === 'yes') return { ...untouched, thrown: 'FAULT_BITES_UNINJECTED', events: [] };
  const injected = of.inject === 'works' || of.inject === 'does nothing';
  const standing = of.inject === 'works' || of.inject === 'throws half way';
  const mark = standing && of.heal !== 'works';
  const saysGone = of.heal !== 'throws' && (of.gone === 'always' || (of.gone === 'as it is' && !mark));
  const lies = saysGone && mark;
  const failure = injected ? (of.work === 'throws' ? 'work' : undefined) : 'inject';
  return {
    thrown: lies ? 'FAULT_MARK_LEFT' : failure,
    events: [
      'fault.injecting',
      ...(injected ? ['fault.injected', 'fault.bit'] : []),
      'fault.healing',
      'fault.healed',
    ],
    bit: injected ? of.bite === 'seen' : undefined,
    healed: saysGone && !lies,
    mark,
    journalled: !saysGone || lies,
  };
}

const REACH = reach({ nodes: ['a'] });

describe('the contract of a fault', function () {
  // Each of some hundred faults is on the disk before it is injected, and a disk may be busy.
  this.timeout(60_000);
  const state = ownState();
  let file: string;

  beforeEach(() => {
    file = join(state.folder, 'impairments.json');
  });

  const newContext = (): FaultContext => ({
    cluster: { nodes: [] as Cluster['nodes'] } as Cluster,
    recorder: memoryRecorder(systemClock),
    clock: systemClock,
    signal: new AbortController().signal,
    runId: 'r',
    radius: within({ reach: REACH }),
    deadlineWall: systemClock.wall() + 60_000,
  });
  const isMarked = async () => (await asked(file)).some(({ id }) => id === 'f');
  const seen = (is: boolean) => ({ seen: is, evidence: is ? 'seen' : 'not seen' });

  /** A request in a file, whose fault does as it is told. */
  const faulty = (of: Behaviour): Fault => {
    let injecting = false;
    return {
      id: 'f',
      kind: 'test/faulty',
      target: 'a file',
      reach: REACH,
      mechanisms: ['a file'],
      async capability() {
        if (of.capability === 'throws') throw new Error('capability');
        return of.capability === 'has it' ? { ok: true, mechanism: 'a file' } : { ok: false, reason: 'no' };
      },
      healRecord: () => ({ by: 'impairment', file, id: 'f' }),
      async inject({ deadlineWall }) {
        injecting = true;
        if (of.inject === 'throws at once') throw new Error('inject');
        if (of.inject === 'does nothing') return;
        await addImpairment(file, Impairment.parse({ id: 'f', untilWall: deadlineWall }));
        if (of.inject === 'throws half way') throw new Error('inject');
      },
      async bite() {
        if (!injecting && of.bitesBefore === 'throws') throw new Error('nothing to look at');
        if (!injecting) return seen(of.bitesBefore === 'yes');
        if (of.bite === 'throws') throw new Error('bite');
        return seen(of.bite === 'seen');
      },
      async heal() {
        if (of.heal === 'throws') throw new Error('heal');
        if (of.heal === 'works') await removeImpairment(file, 'f');
      },
      async gone() {
        if (of.gone === 'throws') throw new Error('gone');
        return seen(of.gone === 'always' || (of.gone === 'as it is' && !(await isMarked())));
      },
    };
  };

  it('is kept, or broken by name, whatever a fault does', async () => {
    await fc.assert(
      fc.asyncProperty(behaviours, async (behaviour) => {
        rmSync(state.folder, { recursive: true, force: true });
        const context = newContext();
        const keeper = new FaultKeeper(context);
        const work = async () => {
          if (behaviour.work === 'throws') throw new Error('work');
        };
        const thrown = await keeper
          .hold(faulty(behaviour), work, { biteDeadlineMs: 4, goneDeadlineMs: 4, pollMs: 1 })
          .then(() => undefined)
          .catch((error) => error.code ?? error.message);
        const { events } = context.recorder;
        const body = (type: string) =>
          events.find((event) => event.type === type)?.body as Record<string, boolean> | undefined;
        const outcome: Outcome = {
          thrown,
          events: events.map(({ type }) => type),
          bit: body('fault.bit')?.bit,
          healed: body('fault.healed')?.healed,
          mark: await isMarked(),
          journalled: state.journalled().length > 0,
        };
        expect(outcome).to.deep.equal(expected(behaviour));
      }),
      { numRuns: 300 },
    );
  });

  const honest: Behaviour = {
    ...{ capability: 'has it', bitesBefore: 'no', inject: 'works', bite: 'seen' },
    ...{ work: 'done', heal: 'works', gone: 'as it is' },
  };
  const steps = ['capability', 'healRecord', 'inject', 'bite', 'heal', 'gone'] as const;

  it('has one order: any other sequence of steps is an error at the step that breaks it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 40 }), async (sequence) => {
        rmSync(file, { force: true });
        const context = newContext();
        const fault = validated(faulty(honest));
        // What was done already, as a set: a smaller model than the one that is tested.
        let done = new Set<string>();
        for (const step of sequence) {
          const lacks = (...needed: string[]) => needed.some((each) => !done.has(each));
          const code =
            step === 'inject' && done.has('inject')
              ? 'FAULT_INJECTED_TWICE'
              : (step === 'healRecord' && lacks('capability')) ||
                  (step === 'inject' && lacks('healRecord')) ||
                  (step === 'heal' && lacks('healRecord')) ||
                  (step === 'gone' && lacks('heal'))
                ? 'FAULT_STEP_SKIPPED'
                : undefined;
          const call = async () =>
            step === 'healRecord' ? fault.healRecord() : await fault[step](context, context.recorder.events);
          const thrown = await call().then(
            () => undefined,
            (error) => error.code,
          );
          expect(thrown, `${step} of ${sequence}`).to.equal(code);
          if (code !== undefined) continue;
          if (step === 'capability' && !done.has('inject')) done = new Set(['capability']);
          else done.add(step);
          if (step === 'inject') done.delete('heal');
          if (step === 'gone') done.delete('inject');
        }
        expect(await isMarked()).to.equal(done.has('inject') && !done.has('heal'));
      }),
      { numRuns: 1_000 },
    );
  });
});
