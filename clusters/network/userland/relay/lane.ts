import type { Clock } from '../../../../harness/clock/clock.ts';
import { Alarm } from '../wire/alarm.ts';

/** A queue longer than that loses what comes: netem's own limit. */
const MOST_QUEUED = 1_000;

interface Queued {
  dueAt: number;
  send(): void;
}

/** One direction of a link: lets datagrams go when they are due, in order of that, at most so many bits a second. */
export class Lane {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #queue: Queued[] = [];
  /** When the line is free of what was put on it. */
  #freeAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => this.#flush());
  }

  /** Nothing waits in it. */
  get empty(): boolean {
    return this.#queue.length === 0;
  }

  /** @param rateKbit 0: as fast as it goes. What would have to wait in a full queue is lost. */
  pass(bytes: number, delayMs: number, rateKbit: number, send: () => void): void {
    const now = this.#clock.mono();
    const full = this.#queue.length >= MOST_QUEUED;
    if (rateKbit > 0 && full) return;
    // Kilobits a second are bits a millisecond.
    if (rateKbit > 0) this.#freeAt = Math.max(now, this.#freeAt) + (bytes * 8) / rateKbit;
    const dueAt = (rateKbit > 0 ? this.#freeAt : now) + delayMs;
    if (dueAt <= now && (this.#queue[0]?.dueAt ?? Number.POSITIVE_INFINITY) > now) send();
    else if (!full) this.#enqueue({ dueAt, send });
  }

  close(): void {
    this.#alarm.clear();
    this.#queue = [];
  }

  #enqueue(datagram: Queued): void {
    let at = this.#queue.length;
    while (at > 0 && (this.#queue[at - 1] as Queued).dueAt > datagram.dueAt) at -= 1;
    this.#queue.splice(at, 0, datagram);
    this.#alarm.set((this.#queue[0] as Queued).dueAt);
  }

  #flush(): void {
    const now = this.#clock.mono();
    const waiting = this.#queue.findIndex(({ dueAt }) => dueAt > now);
    const due = this.#queue.splice(0, waiting < 0 ? this.#queue.length : waiting);
    for (const { send } of due) send();
    this.#alarm.set(this.#queue[0]?.dueAt ?? Number.POSITIVE_INFINITY);
  }
}
