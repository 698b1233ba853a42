import { EXIT, messageOf, OrdealError } from '../harness/errors/error.ts';
import { outside } from '../harness/radius/outside.ts';
import type { Reach } from '../harness/radius/reach.ts';
import { outsideRadius } from '../harness/radius/refusal.ts';
import { breachOf, validated } from './contract.ts';
import { arm } from './dead-man/arm.ts';
import { keepRenewing, leaseOf } from './dead-man/dead-man.ts';
import { hostNetworkPodsOn } from './host-network.ts';
import { journal } from './journal.ts';
import type { Fault, FaultContext, Seen } from './port.ts';

export interface HoldOptions {
  /** How long after the work's end the bite may still show; 5 s unless told. */
  biteDeadlineMs?: number;
  /** How long the fault may take to be gone after its heal; 60 s unless told. */
  goneDeadlineMs?: number;
  pollMs?: number;
}

/** Most faults bite at once: the first looks are close to each other, later ones are not. */
const SOON_MS = 10;

/** Runs faults, each in the one order that there is, and one at a time on a target. */
export class FaultKeeper {
  readonly #context: FaultContext;
  readonly #held = new Map<string, Reach>();

  constructor(context: FaultContext) {
    this.#context = context;
  }

  /**
   * within the blast radius → capability → seen not to bite yet → journal → dead-man → inject → the work, watched for the bite → heal → seen to be
   * gone → disarmed. Heals also where the injection, the work or the run broke off. Without the capability nothing is
   * injected and the work is not done.
   * @throws OrdealError BLAST_RADIUS (exit 3) where it reaches beyond: nothing was asked of its target; FAULT_STEP_SKIPPED, FAULT_INJECTED_TWICE (also for a second fault on one target),
   * FAULT_BITES_UNINJECTED, FAULT_MARK_LEFT (exit 5); FAULT_NOT_GUARDED (exit 4); whatever the work throws.
   */
  async hold(fault: Fault, work: () => Promise<void>, options: HoldOptions = {}): Promise<void> {
    const { target } = fault;
    if (this.#held.has(target)) {
      throw breachOf(fault, 'FAULT_INJECTED_TWICE', 'injecting it', `${target} holds another fault`);
    }
    const held = [...this.#held.values()];
    this.#held.set(target, fault.reach);
    try {
      await this.#refuseOutside(fault, held);
      await this.#holdAlone(validated(fault), work, options);
    } finally {
      this.#held.delete(target);
    }
  }

  async #refuseOutside({ id, kind, reach, target }: Fault, held: readonly Reach[]): Promise<void> {
    const { cluster, radius, recorder } = this.#context;
    const seesPods = !radius.hostNetwork && reach.hostTraffic.length > 0;
    const hostNetworkPods = seesPods ? await hostNetworkPodsOn(cluster.kube, reach.hostTraffic) : [];
    const nodes = [...cluster.nodes, ...(cluster.spared ?? [])];
    const beyond = outside(reach, radius, { nodes, hostNetworkPods, held });
    if (beyond.length === 0) return;
    const reason = `outside of the blast radius: ${beyond.map(({ message }) => message).join('; ')}`;
    recorder.record(`fault/${kind}`, 'fault.refused', { fault: id, kind, target, reason });
    throw outsideRadius(`injecting ${id} (${kind})`, beyond);
  }

  async #holdAlone(fault: Fault, work: () => Promise<void>, options: HoldOptions): Promise<void> {
    const { clock, deadlineWall, recorder, runId } = this.#context;
    const { apiAwayMs, id, kind, target } = fault;
    const say: Say = (type, body) => recorder.record(`fault/${kind}`, type, { fault: id, ...body });
    const capability = await fault.capability(this.#context);
    if (!capability.ok) {
      say('fault.refused', { kind, target, reason: capability.reason });
      return;
    }
    const { mechanism } = capability;
    await fault.bite(this.#context, recorder.events).catch(onlyBreaches);
    const record = fault.healRecord();
    const entry = journal({ run: runId, fault: id, kind, target, deadlineWall, record });
    const deadMan = await arm(id, record, this.#context).catch((error) => {
      entry.forget();
      throw error;
    });
    const renewing = keepRenewing(deadMan, leaseOf(this.#context).leaseMs, clock);
    const bite = this.#biteWatch(fault, options.pollMs ?? 200);
    let injected = false;
    let gone = false;
    let failed: { error: unknown } | undefined;
    try {
      try {
        say('fault.injecting', { kind, target, mechanism, ...(apiAwayMs !== undefined && { apiAwayMs }) });
        const detail = await fault.inject(this.#context);
        injected = true;
        say('fault.injected', { kind, target, mechanism, detail: detail ?? null });
        bite.start();
        await work();
        await bite.wait(options.biteDeadlineMs ?? 5_000);
      } catch (error) {
        failed = { error };
      }
      const seen = await bite.stop();
      if (injected && !seen.seen) say('fault.bit', { bit: false, evidence: seen.evidence });
      await renewing.stop();
      // It also tells whether it had to heal before the run was through.
      await deadMan.renew().catch(() => undefined);
      if (deadMan.fired !== undefined) say('fault.lapsed', { evidence: deadMan.fired });
      gone = await this.#heal(fault, options, say);
    } finally {
      // Whatever broke off, also where the history can take no more: what is not seen to be gone is the dead-man's.
      await renewing.stop();
      if (gone) await deadMan.disarm();
      else deadMan.release();
    }
    if (gone) entry.forget();
    if (failed) throw failed.error;
  }

  #biteWatch(fault: Fault, pollMs: number) {
    const { clock, recorder } = this.#context;
    const ending = new AbortController();
    let seen: Seen = { seen: false, evidence: 'nobody looked' };
    let loop: Promise<void> = Promise.resolve();
    const look = async () => {
      let pauseMs = Math.min(pollMs, SOON_MS);
      while (!ending.signal.aborted && !seen.seen) {
        try {
          seen = await fault.bite(this.#context, recorder.events);
        } catch (error) {
          seen = { seen: false, evidence: `could not be looked for: ${messageOf(error)}` };
        }
        if (seen.seen) break;
        await clock.sleep(pauseMs, ending.signal).catch(() => undefined);
        pauseMs = Math.min(pollMs, 2 * pauseMs);
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
  async #heal(fault: Fault, options: HoldOptions, say: Say): Promise<boolean> {
    const context = { ...this.#context, signal: new AbortController().signal };
    say('fault.healing', {});
    let last = 'it was not looked at';
    let breach: OrdealError | undefined;
    try {
      await fault.heal(context);
      const until = context.clock.mono() + (options.goneDeadlineMs ?? 60_000);
      for (;;) {
        const { seen, evidence, vanished } = await fault.gone(context);
        last = evidence;
        if (seen) {
          say('fault.healed', { healed: true, ...(vanished && { vanished }), evidence });
          return true;
        }
        if (context.clock.mono() >= until) break;
        await context.clock.sleep(options.pollMs ?? 200);
      }
    } catch (error) {
      last = messageOf(error);
      if (isBreach(error)) breach = error;
    }
    say('fault.healed', { healed: false, evidence: last });
    if (breach) throw breach;
    return false;
  }
}

type Say = (type: string, body: object) => void;

/** What cannot be looked at before it is injected does not bite then. */
function onlyBreaches(error: unknown): void {
  if (isBreach(error)) throw error;
}

function isBreach(error: unknown): error is OrdealError {
  return error instanceof OrdealError && error.exit === EXIT.defect;
}
