import { GrowingSet } from '../../ranges.ts';
import type { EdgeEntry } from '../ledger.ts';
import type { Message } from '../message.ts';

type Received = Extract<EdgeEntry, { type: 'cloud.received' }>;

class SessionTally {
  readonly #publisher: string;
  readonly #session: string;
  /** Everything received, to tell a duplicate by. */
  readonly #known = new GrowingSet();
  readonly #fresh = new GrowingSet();
  #highest = -1;
  #counts = { duplicates: 0, reordered: 0, late: 0 };

  constructor({ publisher, session }: Message) {
    this.#publisher = publisher;
    this.#session = session;
  }

  take({ seq }: Message, late: boolean): void {
    if (!this.#known.add(seq)) {
      this.#counts.duplicates += 1;
      return;
    }
    this.#fresh.add(seq);
    if (seq < this.#highest) this.#counts.reordered += 1;
    this.#highest = Math.max(this.#highest, seq);
    if (late) this.#counts.late += 1;
  }

  drain(): Received | undefined {
    const received = this.#fresh.drain();
    const counts = this.#counts;
    this.#counts = { duplicates: 0, reordered: 0, late: 0 };
    if (received.length === 0 && counts.duplicates === 0) return undefined;
    return {
      type: 'cloud.received',
      publisher: this.#publisher,
      session: this.#session,
      received,
      ...counts,
    };
  }
}

/** Counts what a subscriber gets, by publisher and its epoch. Pure but for its own memory. */
export class Tally {
  readonly #sessions = new Map<string, SessionTally>();
  readonly #lateMs: number;
  #unexpected = 0;

  constructor(lateMs: number) {
    this.#lateMs = lateMs;
  }

  /** @param now wall milliseconds of its arrival; undefined stands for something that is no message of ours */
  take(message: Message | undefined, now: number): void {
    if (!message) {
      this.#unexpected += 1;
      return;
    }
    const key = JSON.stringify([message.publisher, message.session]);
    const session = this.#sessions.get(key) ?? new SessionTally(message);
    this.#sessions.set(key, session);
    session.take(message, now - message.at > this.#lateMs);
  }

  /** What came since the last call, as ledger entries. */
  drain(): EdgeEntry[] {
    const entries: EdgeEntry[] = [...this.#sessions.values()].flatMap((session) => session.drain() ?? []);
    if (this.#unexpected > 0) entries.push({ type: 'cloud.unexpected', count: this.#unexpected });
    this.#unexpected = 0;
    return entries;
  }
}
