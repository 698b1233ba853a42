import type { Clock } from '../../harness/clock/clock.ts';
import type { Given } from '../kubelet-api/checkpoint.ts';
import type { Discovered } from './discover.ts';
import type { Injection } from './injection.ts';
import type { AttendantRequest, Looked, Renewed } from './protocol.ts';

/** How long it waits for a sign of life while nothing is held. */
const IDLE_MS = 60_000;
/** How long it can still be asked after it has given back by itself. */
const LINGER_MS = 60_000;
const LOOK_MS = 250;
const RETRY_MS = 1_000;

/** What an attendant does on its node. */
export interface Hands {
  find(plugin?: string): Promise<Discovered>;
  start(wanted: { vendor: string; injection: Injection }): Promise<void>;
  /** Safe to repeat, and where nothing stands. @param vendor of a proxy that it has not put there itself */
  giveBack(vendor?: string): Promise<void>;
  look(vendor?: string): Promise<Looked>;
  /** What was written since it was asked last. */
  lines(): string[];
  given(): Given[];
}

/**
 * Holds a node's proxy for a harness that is elsewhere, and is its dead-man: where no sign of life came for a lease, or the
 * deadline is there, it gives the resource back and ends. It needs nobody for that: no harness and no API server.
 */
export class Attendant {
  readonly #hands: Hands;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #lines: string[] = [];
  #heardAt: number;
  #leaseMs = IDLE_MS;
  #endAt = Number.POSITIVE_INFINITY;
  #lapsed: string | undefined;

  /** @param lapsed why the resource was given back before it could be told: the attendant before it died. */
  constructor(hands: Hands, clock: Clock, lapsed?: string) {
    this.#hands = hands;
    this.#clock = clock;
    this.#lapsed = lapsed;
    this.#heardAt = clock.mono();
  }

  /** @throws Error with what kept it from that. */
  async answer(request: AttendantRequest): Promise<unknown> {
    const hands = this.#hands;
    switch (request.do) {
      case 'find':
        return await hands.find(request.plugin);
      case 'start': {
        if (this.#lapsed !== undefined) throw new Error(this.#lapsed);
        const { endMs, injection, leaseMs, vendor } = request;
        this.#heardAt = this.#clock.mono();
        this.#leaseMs = leaseMs;
        this.#endAt = this.#heardAt + endMs;
        await hands.start({ vendor, injection });
        return true;
      }
      case 'renew':
        this.#heardAt = this.#clock.mono();
        return (this.#lapsed === undefined ? {} : { lapsed: this.#lapsed }) satisfies Renewed;
      case 'lines':
        this.#lines.push(...hands.lines());
        return this.#lines.slice(request.from);
      case 'given':
        return hands.given();
      case 'look':
        return await hands.look(request.vendor);
      case 'give-back':
        await hands.giveBack(request.vendor);
        this.#heardAt = this.#clock.mono();
        this.#leaseMs = IDLE_MS;
        this.#endAt = Number.POSITIVE_INFINITY;
        return true;
      case 'end':
        this.#ending.abort();
        return true;
    }
  }

  /** Resolves when it has nothing more to do: nothing stands in front then. */
  async attend(): Promise<void> {
    const reason = await this.#silence();
    if (reason !== undefined) this.#lapsed ??= reason;
    await this.#giveBack();
    if (reason !== undefined) await this.#sleep(LINGER_MS);
  }

  /** Why it has waited long enough; undefined where it was told to end. */
  async #silence(): Promise<string | undefined> {
    while (!this.#ending.signal.aborted) {
      const now = this.#clock.mono();
      if (now >= this.#endAt) return 'the run’s deadline was there';
      const until = this.#heardAt + this.#leaseMs;
      if (now >= until) return 'the run was not heard of in time';
      await this.#sleep(Math.min(LOOK_MS, until - now));
    }
    return undefined;
  }

  async #giveBack(): Promise<void> {
    for (;;) {
      try {
        return await this.#hands.giveBack();
      } catch {
        // Whoever made the node unfit for it may mend it.
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }

  async #sleep(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#ending.signal).catch(() => undefined);
  }
}
