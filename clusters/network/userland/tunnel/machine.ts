/**
 * When one end of a tunnel sends what: WireGuard's timers and sessions (whitepaper §6) as a pure function. Keys,
 * messages and sockets are somebody else's: here a session is a number, and what arrives has been authenticated.
 */
import {
  ERASE_AFTER_TIME,
  KEEPALIVE_TIMEOUT,
  MAX_STAGED,
  REJECT_AFTER_TIME,
  REKEY_AFTER_TIME,
  REKEY_ATTEMPT_TIME,
  REKEY_TIMEOUT,
} from './timers.ts';

interface Session {
  id: number;
  /** Only the end that initiated a session renews it, so that both do not do so at once. */
  initiator: boolean;
  bornAt: number;
}

/** When each timer rings; infinity where it does not stand. */
interface Timers {
  /** A handshake was initiated and may have to be again. */
  retry: number;
  /** Something was received and nothing sent since: an empty packet says that it came. */
  passive: number;
  /** Something was sent and nothing received since: the session is doubted. */
  silence: number;
  /** Persistent keepalive. */
  persistent: number;
  erase: number;
}

export interface TunnelState {
  /** Persistent keepalive; 0 for none. */
  keepaliveMs: number;
  previous: Session | undefined;
  current: Session | undefined;
  /** Made by the other end's initiation, and not yet used by it: nothing is sent with it before that. */
  next: Session | undefined;
  staged: readonly Buffer[];
  /** When the first initiation of those under way was asked for. */
  attemptSince: number;
  /** The last initiation or response that was sent. */
  handshakeSentAt: number;
  handshakeDoneAt: number | undefined;
  /** The session that is about to be rejected was asked to be renewed. */
  lastMinute: boolean;
  /** While a passive keepalive was due, more was received. */
  passiveAgain: boolean;
  timers: Timers;
}

/** An empty payload is a keepalive. */
export type TunnelEvent =
  | { type: 'outbound'; payload: Buffer }
  | { type: 'initiation' | 'response'; session: number }
  | { type: 'transport'; session: number; payload: Buffer }
  | { type: 'keepalive'; ms: number }
  | { type: 'tick' };

export type TunnelAction =
  | { type: 'initiate' }
  | { type: 'respond'; session: number }
  | { type: 'transport'; session: number; payload: Buffer }
  | { type: 'deliver'; payload: Buffer }
  | { type: 'forget'; session: number };

const NEVER = Number.POSITIVE_INFINITY;
const KEEPALIVE = Buffer.alloc(0);

export function freshTunnel(): TunnelState {
  return {
    keepaliveMs: 0,
    previous: undefined,
    current: undefined,
    next: undefined,
    staged: [],
    attemptSince: -NEVER,
    handshakeSentAt: -NEVER,
    handshakeDoneAt: undefined,
    lastMinute: false,
    passiveAgain: false,
    timers: { retry: NEVER, passive: NEVER, silence: NEVER, persistent: NEVER, erase: NEVER },
  };
}

/** When a `tick` is due; infinity for never. */
export function deadlineOf({ timers }: TunnelState): number {
  return Math.min(...Object.values(timers));
}

/** @param jitterMs in [0, MAX_JITTER), drawn anew for each event. */
export function step(
  state: TunnelState,
  event: TunnelEvent,
  { now, jitterMs }: { now: number; jitterMs: number },
): { state: TunnelState; actions: TunnelAction[] } {
  const turn = new Turn(state, now, jitterMs);
  turn.take(event);
  return { state: turn.state, actions: turn.actions };
}

/** One event's work, on a copy of the state. */
class Turn {
  readonly state: TunnelState;
  readonly actions: TunnelAction[] = [];
  readonly #now: number;
  readonly #jitterMs: number;

  constructor(state: TunnelState, now: number, jitterMs: number) {
    this.state = { ...state, timers: { ...state.timers } };
    this.#now = now;
    this.#jitterMs = jitterMs;
  }

  take(event: TunnelEvent): void {
    if (event.type === 'outbound') {
      this.state.staged = [...this.state.staged, event.payload].slice(-MAX_STAGED);
      this.#sendStaged();
    } else if (event.type === 'initiation') this.#initiated(event.session);
    else if (event.type === 'response') this.#answered(event.session);
    else if (event.type === 'transport') this.#received(event.session, event.payload);
    else if (event.type === 'keepalive') this.#keepEvery(event.ms);
    else this.#tick();
  }

  #keepEvery(ms: number): void {
    const turnedOn = this.state.keepaliveMs === 0 && ms > 0;
    this.state.keepaliveMs = ms;
    this.state.timers.persistent = ms > 0 ? this.#now + ms : NEVER;
    if (turnedOn) this.#sendKeepalive();
  }

  /** The other end initiated, and is answered; the session stands when it is used. */
  #initiated(session: number): void {
    const { state } = this;
    this.#receivedAny();
    this.#forget(state.next, state.previous);
    state.previous = undefined;
    state.next = { id: session, initiator: false, bornAt: this.#now };
    state.handshakeSentAt = this.#now;
    state.timers.erase = this.#now + ERASE_AFTER_TIME;
    this.actions.push({ type: 'respond', session });
    this.#sentAny();
  }

  /** The other end answered: the session stands, and the first packet on it tells the other end so. */
  #answered(session: number): void {
    const { state } = this;
    this.#receivedAny();
    this.#forget(state.previous);
    if (state.next) {
      this.#forget(state.current);
      state.previous = state.next;
      state.next = undefined;
    } else state.previous = state.current;
    state.current = { id: session, initiator: true, bornAt: this.#now };
    state.timers.erase = this.#now + ERASE_AFTER_TIME;
    this.#handshakeDone();
    this.#sendKeepalive();
  }

  #received(id: number, payload: Buffer): void {
    const { state } = this;
    const session = [state.current, state.previous, state.next].find((known) => known?.id === id);
    if (!session || this.#age(session) >= REJECT_AFTER_TIME) return;
    this.#receivedAny();
    if (session === state.next) {
      this.#forget(state.previous);
      state.previous = state.current;
      state.current = session;
      state.next = undefined;
      this.#handshakeDone();
      this.#sendStaged();
    }
    this.#renewInTime();
    if (payload.length === 0) return;
    this.actions.push({ type: 'deliver', payload });
    if (state.timers.passive === NEVER) state.timers.passive = this.#now + KEEPALIVE_TIMEOUT;
    else state.passiveAgain = true;
  }

  #tick(): void {
    const { state } = this;
    const due = (timer: keyof Timers) => {
      if (state.timers[timer] > this.#now) return false;
      state.timers[timer] = NEVER;
      return true;
    };
    if (due('erase')) this.#erase();
    if (due('retry')) this.#retry();
    if (due('silence')) this.#initiate(true);
    if (due('passive')) {
      this.#sendKeepalive();
      if (state.passiveAgain) state.timers.passive = this.#now + KEEPALIVE_TIMEOUT;
      state.passiveAgain = false;
    }
    if (due('persistent')) this.#sendKeepalive();
  }

  #erase(): void {
    const { state } = this;
    this.#forget(state.previous, state.current, state.next);
    state.previous = undefined;
    state.current = undefined;
    state.next = undefined;
  }

  #retry(): void {
    const { state } = this;
    if (this.#now - state.attemptSince < REKEY_ATTEMPT_TIME) {
      this.#initiate(false);
      return;
    }
    // Given up, until there is something to send again.
    state.staged = [];
    state.timers.passive = NEVER;
    state.timers.erase = Math.min(state.timers.erase, this.#now + ERASE_AFTER_TIME);
  }

  #sendKeepalive(): void {
    if (this.state.staged.length === 0) this.state.staged = [KEEPALIVE];
    this.#sendStaged();
  }

  #sendStaged(): void {
    const { state } = this;
    const session = state.current;
    if (state.staged.length === 0) return;
    if (!session || this.#age(session) >= REJECT_AFTER_TIME) {
      this.#initiate(true);
      return;
    }
    for (const payload of state.staged) {
      this.actions.push({ type: 'transport', session: session.id, payload });
      this.#sentAny();
      if (payload.length > 0 && state.timers.silence === NEVER)
        state.timers.silence = this.#now + KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + this.#jitterMs;
    }
    state.staged = [];
    if (session.initiator && this.#age(session) >= REKEY_AFTER_TIME) this.#initiate(true);
  }

  /** A session that only receives is renewed as well, once, so late that a retry and an answer still have time. */
  #renewInTime(): void {
    const { current, lastMinute } = this.state;
    if (!current?.initiator || lastMinute) return;
    if (this.#age(current) < REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT) return;
    this.state.lastMinute = true;
    this.#initiate(true);
  }

  /** @param asked by something to send: the time after which it is given up begins anew. */
  #initiate(asked: boolean): void {
    const { state } = this;
    if (asked) state.attemptSince = this.#now;
    if (this.#now - state.handshakeSentAt < REKEY_TIMEOUT) return;
    state.handshakeSentAt = this.#now;
    state.timers.retry = this.#now + REKEY_TIMEOUT + this.#jitterMs;
    this.actions.push({ type: 'initiate' });
    this.#sentAny();
  }

  #handshakeDone(): void {
    this.state.timers.retry = NEVER;
    this.state.lastMinute = false;
    this.state.handshakeDoneAt = this.#now;
  }

  #sentAny(): void {
    this.state.timers.passive = NEVER;
    this.#traversed();
  }

  #receivedAny(): void {
    this.state.timers.silence = NEVER;
    this.#traversed();
  }

  #traversed(): void {
    const { keepaliveMs, timers } = this.state;
    if (keepaliveMs > 0) timers.persistent = this.#now + keepaliveMs;
  }

  #forget(...sessions: (Session | undefined)[]): void {
    for (const session of sessions) if (session) this.actions.push({ type: 'forget', session: session.id });
  }

  #age(session: Session): number {
    return this.#now - session.bornAt;
  }
}
