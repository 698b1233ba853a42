/**
 * One end of a byte stream over datagrams that may be lost, doubled and reordered: what TCP does end to end inside a
 * real tunnel. Sequence numbers, cumulative acknowledgement, retransmission with exponential back-off, a window,
 * NewReno's congestion window, half-close, reset. No selective acknowledgement, no delayed one, no keepalive.
 *
 * No sockets, no timers: it is told what comes and when, and whoever holds it calls `tick` when its deadline has come.
 */
import { Congestion } from './congestion.ts';
import { ReceiveBuffer } from './receive-buffer.ts';
import type { Segment } from './segment.ts';
import { SendBuffer } from './send-buffer.ts';
import { RetransmissionTimeout } from './timeout.ts';

/** Of WireGuard's 1,420 bytes of a packet, less an IP and a TCP header. */
const MSS = 1_380;
/** A window of that many bytes fits a socket's own buffer on loopback. */
const WINDOW = 64 * 1_024;
/** More unacknowledged bytes than that, and the writer is asked to wait. */
const HIGH_MARK = 64 * 1_024;
/** How long an end that is done answers a far end that has not heard so. */
const LINGER_MS = 5_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Why a stream did not end in order. */
export type StreamFailure = 'refused' | 'reset' | 'timeout';

interface StreamEvents {
  transmit(segment: Segment): void;
  deliver(data: Buffer): void;
  /** The far end writes no more. */
  ended(): void;
  /** After a `write` that returned false: there is room again. */
  drained(): void;
  /** Once: both ends are done, or the stream failed. */
  closed(failure: StreamFailure | undefined): void;
}

export interface StreamOptions {
  role: 'client' | 'server';
  /** Without anything acknowledged for so long, while something should be, the stream is reset. */
  stallMs: number;
  events: StreamEvents;
}

const NOTHING = Buffer.alloc(0);

export class Stream {
  readonly #options: StreamOptions;
  readonly #out = new SendBuffer(1);
  readonly #in = new ReceiveBuffer(1, WINDOW);
  readonly #timeout = new RetransmissionTimeout();
  readonly #congestion = new Congestion(MSS);
  /** The first number that is not acknowledged; 0 while the SYN is not. */
  #acked = 0;
  /** The number that is sent next, and the highest that it ever was. */
  #next = 0;
  #top = 0;
  #theirWindow = 0;
  /** The FIN's own number. */
  #finAt: number | undefined;
  #theirFinAt: number | undefined;
  #theyEnded = false;
  /** Whether the far end's SYN has come. */
  #heard: boolean;
  #offered = WINDOW;
  #ackDue = false;
  #full = false;
  #timed: { upTo: number; at: number } | undefined;
  #retransmitAt = NEVER;
  #waitingSince: number | undefined;
  #lingerUntil = NEVER;
  #over = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#heard = options.role === 'server';
  }

  /** True when nobody need keep it any more. */
  get gone(): boolean {
    return this.#over && this.#lingerUntil === NEVER;
  }

  /** Since when something should have been acknowledged; undefined where nothing is. */
  get waitingSince(): number | undefined {
    return this.#over ? undefined : this.#waitingSince;
  }

  get deadline(): number {
    if (this.#over) return this.#lingerUntil;
    return Math.min(this.#retransmitAt, (this.#waitingSince ?? NEVER) + this.#options.stallMs);
  }

  /** A client asks for the stream; a server grants it. */
  open(now: number): void {
    if (this.#over) return;
    this.#next = 1;
    this.#top = 1;
    this.#timed = { upTo: 1, at: now };
    this.#sendSyn();
    this.#await(now);
  }

  /** False where it would rather have no more until `drained`. */
  write(data: Buffer, now: number): boolean {
    if (this.#over || this.#finAt !== undefined) return true;
    this.#out.append(data);
    this.#push(now);
    this.#full = this.#out.length > HIGH_MARK;
    return !this.#full;
  }

  /** Writes no more. */
  end(now: number): void {
    if (this.#over || this.#finAt !== undefined) return;
    this.#finAt = this.#out.end;
    this.#push(now);
  }

  /** The reader has taken so many bytes of what was delivered. */
  consumed(bytes: number): void {
    this.#in.consumed(bytes);
    // Told when it is worth it: not for every byte (RFC 1122's silly window).
    if (!this.#over && this.#offered < 2 * MSS && this.#in.window >= WINDOW / 2)
      this.#transmit(this.#next, NOTHING);
  }

  /** Gives the stream up; the far end is told once. */
  abort(failure: StreamFailure = 'reset'): void {
    if (this.#over) return;
    this.#transmit(this.#next, NOTHING, { rst: true });
    this.#finish(failure);
  }

  receive(segment: Segment, now: number): void {
    if (this.#over) {
      if (!segment.rst && (segment.fin || segment.data.length > 0)) this.#transmit(this.#next, NOTHING);
      return;
    }
    if (segment.rst) {
      this.#wasReset();
      return;
    }
    // Before a server has granted the stream there is nothing to say.
    if (this.#top === 0) return;
    if (segment.syn) this.#synCame(now);
    if (!this.#heard) return;
    if (segment.ack !== undefined && segment.ack <= this.#top) this.#acknowledged(segment, segment.ack, now);
    this.#take(segment);
    this.#push(now);
    if (this.#ackDue) this.#transmit(this.#next, NOTHING);
    this.#perhapsDone(now);
  }

  tick(now: number): void {
    if (this.#over) {
      if (now >= this.#lingerUntil) this.#lingerUntil = NEVER;
    } else if (this.#waitingSince !== undefined && now - this.#waitingSince >= this.#options.stallMs)
      this.abort('timeout');
    else if (now >= this.#retransmitAt) this.#timedOut(now);
  }

  #wasReset(): void {
    // Only the acknowledgement of our FIN was missing: the far end is done, and has forgotten the stream (RFC 9293).
    const done = this.#theyEnded && this.#finAt !== undefined && this.#top > this.#finAt;
    if (done) this.#finish(undefined);
    else this.#finish(this.#acked === 0 && this.#options.role === 'client' ? 'refused' : 'reset');
  }

  #synCame(now: number): void {
    if (this.#options.role === 'server' && this.#acked === 0) {
      this.#timed = undefined;
      this.#sendSyn();
      this.#await(now);
    } else this.#ackDue = true;
    this.#heard = true;
  }

  #acknowledged(segment: Segment, ack: number, now: number): void {
    const inFlight = this.#next - this.#acked;
    if (ack > this.#acked) {
      const opening = this.#acked === 0;
      const bytes = ack - this.#acked;
      this.#acked = ack;
      this.#next = Math.max(this.#next, ack);
      this.#out.acknowledge(ack);
      this.#theirWindow = segment.window;
      this.#timeout.progressed();
      if (this.#timed && ack >= this.#timed.upTo) {
        this.#timeout.measured(now - this.#timed.at);
        this.#timed = undefined;
      }
      if (!opening && this.#congestion.acknowledged(bytes, ack)) this.#resend();
      this.#waitingSince = undefined;
      this.#retransmitAt = NEVER;
      this.#await(now);
      if (this.#full && this.#out.length <= HIGH_MARK / 2) {
        this.#full = false;
        this.#options.events.drained();
      }
    } else if (ack === this.#acked) {
      const same =
        segment.window === this.#theirWindow && segment.data.length === 0 && !segment.fin && !segment.syn;
      if (segment.window === 0 && this.#waitingSince !== undefined) {
        // A far end that says that it has no room is alive; it is asked again without backing off.
        this.#waitingSince = now;
        this.#timeout.progressed();
        this.#retransmitAt = now + this.#timeout.ms;
      } else if (same && inFlight > 0 && this.#congestion.duplicate(inFlight, this.#top)) this.#resend();
      this.#theirWindow = segment.window;
    }
  }

  #take({ data, fin, seq }: Segment): void {
    const { deliver, ended } = this.#options.events;
    if (data.length > 0 || fin) this.#ackDue = true;
    if (fin) this.#theirFinAt = seq + data.length;
    if (this.#theyEnded) return;
    for (const part of this.#in.take(seq, data)) deliver(part);
    if (this.#in.next !== this.#theirFinAt) return;
    this.#in.skip();
    this.#theyEnded = true;
    ended();
  }

  /** Sends what both windows have room for. */
  #push(now: number): void {
    if (this.#acked === 0 || this.#over) return;
    for (;;) {
      const waiting = this.#out.end - this.#next;
      if (waiting > 0) {
        const room = this.#acked + Math.min(this.#congestion.window, this.#theirWindow) - this.#next;
        const size = Math.min(MSS, waiting, Math.floor(room));
        // Not a scrap where a whole segment waits and something is on its way that will make room.
        if (size <= 0 || (size < Math.min(MSS, waiting) && this.#next > this.#acked)) break;
        this.#sendData(this.#next, size, now);
      } else if (this.#next === this.#finAt) {
        this.#transmit(this.#next, NOTHING, { fin: true });
        this.#advance(this.#next + 1);
      } else break;
    }
    this.#await(now);
  }

  #sendData(at: number, size: number, now: number): void {
    const data = this.#out.slice(at, size);
    const upTo = at + data.length;
    this.#transmit(at, data);
    if (!this.#timed && at >= this.#top) this.#timed = { upTo, at: now };
    this.#advance(upTo);
  }

  #advance(upTo: number): void {
    this.#next = Math.max(this.#next, upTo);
    this.#top = Math.max(this.#top, this.#next);
  }

  /** The first segment that is not acknowledged, once more, whatever the windows say. */
  #resend(): void {
    this.#timed = undefined;
    if (this.#acked === 0) this.#sendSyn();
    else if (this.#acked === this.#finAt) {
      this.#transmit(this.#acked, NOTHING, { fin: true });
      this.#advance(this.#acked + 1);
    } else {
      // Into a closed window goes one byte, to hear whether it has opened.
      const data = this.#out.slice(this.#acked, Math.min(MSS, Math.max(1, this.#theirWindow)));
      this.#transmit(this.#acked, data);
      this.#advance(this.#acked + data.length);
    }
  }

  #timedOut(now: number): void {
    this.#congestion.timedOut(this.#next - this.#acked);
    // From here on all is sent anew, as acknowledgements make room; what did arrive is acknowledged at once.
    if (this.#acked > 0) this.#next = this.#acked;
    this.#resend();
    this.#timeout.doubled();
    this.#retransmitAt = now + this.#timeout.ms;
  }

  /** Sets the timers where something is on its way, or waits for a window. */
  #await(now: number): void {
    if (this.#next === this.#acked && this.#out.length === 0) return;
    this.#waitingSince ??= now;
    if (this.#retransmitAt === NEVER) this.#retransmitAt = now + this.#timeout.ms;
  }

  #sendSyn(): void {
    this.#transmit(0, NOTHING, { syn: true });
  }

  #transmit(seq: number, data: Buffer, flags: { syn?: boolean; fin?: boolean; rst?: boolean } = {}): void {
    this.#ackDue = false;
    this.#offered = this.#in.window;
    this.#options.events.transmit({
      seq,
      ack: this.#heard ? this.#in.next : undefined,
      window: this.#offered,
      syn: flags.syn ?? false,
      fin: flags.fin ?? false,
      rst: flags.rst ?? false,
      data,
    });
  }

  #perhapsDone(now: number): void {
    if (this.#over || !this.#theyEnded || this.#finAt === undefined || this.#acked <= this.#finAt) return;
    this.#lingerUntil = now + LINGER_MS;
    this.#finish(undefined);
  }

  #finish(failure: StreamFailure | undefined): void {
    this.#over = true;
    this.#options.events.closed(failure);
  }
}
