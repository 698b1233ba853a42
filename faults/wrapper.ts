import { EXIT, messageOf, OrdealError } from '../harness/errors/error.ts';
import { journal } from './journal.ts';
import type { Fault, FaultContext, Seen } from './port.ts';

export interface HoldOptions {
  /** How long after the work's end the bite may still show; 5 s unless told. */
  biteDeadlineMs?: number;
  /** How long the fault may take to be gone after its heal; 60 s unless told. */
  goneDeadlineMs?: number;
  pollMs?: number;
}

/** Runs faults, each in the one order that there is, and one at a time on a target. */
export class FaultKeeper {
  readonly #context: FaultContext;
  readonly #held = new Set<string>();

  constructor(context: FaultContext) {
    this.#context = context;
  }

  /**
   * capability → journal → inject → the work, watched for the bite → heal → seen to be gone. Heals also where the
   * injection, the work or the run broke off. Without the capability nothing is injected and the work is not done.
   * @throws OrdealError FAULT_CONTRACT (exit 5) for a second fault on one target; whatever the work throws.
   */
  async hold(fault: Fault, work: () => Promise<void>, options: HoldOptions = {}): Promise<void> {
    const { recorder } = this.#context;
    if (this.#held.has(fault.target)) throw contract(fault, `${fault.target} holds another fault`);
    const about = { fault: fault.id, kind: fault.kind, target: fault.target };
    const say = (type: string, body: object) => recorder.record(`fault/${fault.kind}`, type, body);
    const capability = await fault.capability(this.#context);
    if (!capability.ok) {
      say('fault.refused', { ...about, reason: capability.reason });
      return;
    }
    const { mechanism } = capability;
    const entry = journal({
      run: this.#context.runId,
      fault: fault.id,
      kind: fault.kind,
      record: fault.healRecord(),
    });
    this.#held.add(fault.target);
    const bite = this.#biteWatch(fault, options.pollMs ?? 200);
    let injected = false;
    try {
      say('fault.injecting', { ...about, mechanism });
      const detail = await fault.inject(this.#context);
      injected = true;
      say('fault.injected', { ...about, mechanism, detail: detail ?? null });
      bite.start();
      await work();
      await bite.wait(options.biteDeadlineMs ?? 5_000);
    } finally {
      const seen = await bite.stop();
      if (injected && !seen.seen) say('fault.bit', { fault: fault.id, bit: false, evidence: seen.evidence });
      const gone = await this.#heal(fault, options, say);
      if (gone) entry.forget();
      this.#held.delete(fault.target);
    }
  }

  #biteWatch(fault: Fault, pollMs: number) {
    const { clock, recorder } = this.#context;
    const ending = new AbortController();
    let seen: Seen = { seen: false, evidence: 'nobody looked' };
    let loop: Promise<void> = Promise.resolve();
    const look = async () => {
      while (!ending.signal.aborted && !seen.seen) {
        try {
          seen = await fault.bite(this.#context, recorder.events);
        } catch (error) {
          seen = { seen: false, evidence: `could not be looked for: ${messageOf(error)}` };
        }
        if (!seen.seen) await clock.sleep(pollMs, ending.signal).catch(() => undefined);
      }
      if (seen.seen) {
        recorder.record(`fault/${fault.kind}`, 'fault.bit', {
          fault: fault.id,
          bit: true,
          evidence: seen.evidence,
        });
      }
    };
    return {
      start() {
        loop = look();
      },
      async wait(ms: number) {
        await Promise.race([loop, clock.sleep(ms, ending.signal).catch(() => undefined)]);
      },
      async stop() {
        ending.abort();
        await loop;
        return seen;
      },
    };
  }

  /** Never with the run's own signal, which may have aborted: a fault is healed all the same. */
  async #heal(
    fault: Fault,
    options: HoldOptions,
    say: (type: string, body: object) => void,
  ): Promise<boolean> {
    const context = { ...this.#context, signal: new AbortController().signal };
    say('fault.healing', { fault: fault.id });
    let last = 'it was not looked at';
    try {
      await fault.heal(context);
      const until = context.clock.mono() + (options.goneDeadlineMs ?? 60_000);
      for (;;) {
        const { seen, evidence } = await fault.gone(context);
        last = evidence;
        if (seen) {
          say('fault.healed', { fault: fault.id, healed: true, evidence });
          return true;
        }
        if (context.clock.mono() >= until) break;
        await context.clock.sleep(options.pollMs ?? 200);
      }
    } catch (error) {
      last = messageOf(error);
    }
    say('fault.healed', { fault: fault.id, healed: false, evidence: last });
    return false;
  }
}

function contract(fault: Fault, seen: string): OrdealError {
  return new OrdealError({
    code: 'FAULT_CONTRACT',
    exit: EXIT.defect,
    tried: `injecting ${fault.id} (${fault.kind})`,
    seen,
    todo: 'this is a defect of the suite that schedules it: one fault at a time on a target',
  });
}
