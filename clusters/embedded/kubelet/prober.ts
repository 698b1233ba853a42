import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { ProbeKind, ProbeSpec } from '../pod.ts';
import type { Container } from './container.ts';
import type { ContainerRecord } from './pod-status.ts';
import type { Attempt } from './probe-attempt.ts';
import { afterAttempt, freshState, type ProbeState } from './probe-state.ts';

export interface ProberHost {
  clock: Clock;
  /** Aborts at the end of the pod's life. */
  signal: AbortSignal;
  attempt(probe: ProbeSpec, container: Container): Promise<Attempt>;
  /** An attempt was no success. */
  unhealthy(message: string): void;
  /** What the attempts have come to, after each. */
  verdict(container: Container, verdict: ProbeState['verdict']): void;
}

/** One probe of one container, through all of its starts, at the ticks of a clock that began with the pod. */
export class Prober {
  readonly kind: ProbeKind;
  readonly record: ContainerRecord;
  readonly #host: ProberHost;
  #wake = new AbortController();

  constructor(kind: ProbeKind, record: ContainerRecord, host: ProberHost) {
    this.kind = kind;
    this.record = record;
    this.#host = host;
  }

  /** Makes the next attempt now, and not at the next tick. */
  nudge(): void {
    this.#wake.abort();
  }

  /** Probes until the pod's life is over; never rejects then. */
  async run(): Promise<void> {
    const { clock, signal } = this.#host;
    const probe = this.record.spec[this.kind] as ProbeSpec;
    const periodMs = probe.periodSeconds * 1_000;
    let due = clock.mono() + periodMs;
    let probed: Container | undefined;
    let state = freshState(this.kind);
    while (!signal.aborted) {
      await this.#sleep(Math.max(0, due - clock.mono()));
      // Of the ticks that an attempt outlasted one is made up for.
      if (!this.#wake.signal.aborted)
        due += periodMs * Math.max(1, Math.ceil((clock.mono() - due) / periodMs));
      const container = this.record.current;
      if (signal.aborted || !container?.running || !this.#due(probe, container)) continue;
      if (container !== probed) state = freshState(this.kind);
      probed = container;
      // Its end is under way; the next start is looked at anew.
      if (state.verdict === 'failure' && this.kind !== 'readinessProbe') continue;
      const ok = await this.#attempt(probe, container);
      if (ok === undefined || !container.running || signal.aborted) continue;
      state = afterAttempt(state, ok, probe);
      this.#host.verdict(container, state.verdict);
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { clock, signal } = this.#host;
    this.#wake = new AbortController();
    await clock.sleep(ms, AbortSignal.any([signal, this.#wake.signal])).catch(() => undefined);
  }

  /** A startup probe keeps the others back until it has succeeded, and rests from then on. */
  #due({ initialDelaySeconds = 0 }: ProbeSpec, container: Container): boolean {
    if (this.#host.clock.wall() - container.startedAt < initialDelaySeconds * 1_000) return false;
    return this.record.started === (this.kind !== 'startupProbe');
  }

  /** Undefined where it could not be made. */
  async #attempt(probe: ProbeSpec, container: Container): Promise<boolean | undefined> {
    const { attempt, signal, unhealthy } = this.#host;
    const word = wordOf(this.kind);
    const title = word[0]?.toUpperCase() + word.slice(1);
    try {
      const { ok, output } = await attempt(probe, container);
      if (!ok && !signal.aborted) unhealthy(`${title} probe failed: ${output}`);
      return ok;
    } catch (error) {
      if (!signal.aborted) unhealthy(`${title} probe errored: ${messageOf(error)}`);
      return undefined;
    }
  }
}

/** `livenessProbe` as messages name it. */
export function wordOf(kind: ProbeKind): string {
  return kind.slice(0, -'Probe'.length);
}
