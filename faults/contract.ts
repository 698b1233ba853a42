import { EXIT, OrdealError } from '../harness/errors/error.ts';
import type { HealRecord } from './journal.ts';
import { marksLeft } from './marks.ts';
import type { Fault } from './port.ts';

/** Each is a defect of a fault, or of who uses it; none is ever a result of a run. */
type Breach = 'FAULT_STEP_SKIPPED' | 'FAULT_INJECTED_TWICE' | 'FAULT_BITES_UNINJECTED' | 'FAULT_MARK_LEFT';

const ADVICE: Record<Breach, string> = {
  FAULT_STEP_SKIPPED: 'this is a defect: capability, heal record, inject, heal and gone come in this order',
  FAULT_INJECTED_TWICE: 'this is a defect of what schedules it: one fault at a time on a target',
  FAULT_BITES_UNINJECTED: 'this is a defect: what counts as its bite is there without it, and proves nothing',
  FAULT_MARK_LEFT: 'this is a defect of its read-back; `ordeal clean` heals what the journal lists',
};

/**
 * A fault that is held to the port's contract, whatever it is made of.
 * @throws OrdealError (exit 5) from its steps: FAULT_STEP_SKIPPED for one out of order, FAULT_INJECTED_TWICE,
 * FAULT_BITES_UNINJECTED for a bite that is seen before it was injected, FAULT_MARK_LEFT where it says that it is gone
 * and what the journal knows of it is still there.
 */
export function validated(fault: Fault): Fault {
  const done = { capability: false, record: false, inject: false, heal: false };
  let touched = false;
  let record: HealRecord | undefined;
  const broken = (breach: Breach, tried: string, seen: string) => breachOf(fault, breach, tried, seen);
  return {
    ...fault,
    async capability(context) {
      const answer = await fault.capability(context);
      // Another way of doing it has another record.
      if (!done.inject) Object.assign(done, { capability: answer.ok, record: false, heal: false });
      return answer;
    },
    healRecord() {
      if (!done.capability) {
        throw broken('FAULT_STEP_SKIPPED', 'recording its heal', 'it was not found capable');
      }
      record = fault.healRecord();
      done.record = true;
      return record;
    },
    async inject(context) {
      if (done.inject) throw broken('FAULT_INJECTED_TWICE', 'injecting it', 'it is injected and not gone');
      if (!done.record) throw broken('FAULT_STEP_SKIPPED', 'injecting it', 'its heal was not recorded');
      // From here on the target may be half injected.
      touched = true;
      Object.assign(done, { inject: true, heal: false });
      return await fault.inject(context);
    },
    async bite(context, history) {
      const before = !touched;
      const bite = await fault.bite(context, history);
      if (before && bite.seen) throw broken('FAULT_BITES_UNINJECTED', 'looking before it', bite.evidence);
      return bite;
    },
    async heal(context) {
      if (!done.record) throw broken('FAULT_STEP_SKIPPED', 'healing it', 'its heal was not recorded');
      await fault.heal(context);
      done.heal = true;
    },
    async gone(context) {
      if (!done.heal) {
        throw broken('FAULT_STEP_SKIPPED', 'reading back that it is gone', 'it was not healed');
      }
      const gone = await fault.gone(context);
      const left = gone.seen && record ? await marksLeft(record) : [];
      if (left.length > 0) {
        throw broken('FAULT_MARK_LEFT', `reading back that it is gone (${gone.evidence})`, left.join('; '));
      }
      if (gone.seen) done.inject = false;
      return gone;
    },
  };
}

/** @param tried what was done with the fault; @param seen why that is a breach */
export function breachOf(
  { id, kind }: Pick<Fault, 'id' | 'kind'>,
  breach: Breach,
  tried: string,
  seen: string,
): OrdealError {
  return new OrdealError({
    code: breach,
    exit: EXIT.defect,
    tried: `${tried}: ${id} (${kind})`,
    seen,
    todo: ADVICE[breach],
  });
}
