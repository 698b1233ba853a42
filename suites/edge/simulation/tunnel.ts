import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import {
  deadlineOf,
  freshTunnel,
  step,
  type TunnelAction,
  type TunnelEvent,
  type TunnelState,
} from '../../../clusters/network/userland/tunnel/machine.ts';
import {
  MAX_JITTER,
  REJECT_AFTER_TIME,
  REKEY_AFTER_TIME,
  REKEY_TIMEOUT,
} from '../../../clusters/network/userland/tunnel/timers.ts';
import type { LinkLife, Lossy, Span } from './link.ts';

/** How a tunnel is set up. */
export interface TunnelSetup {
  /** The NIC makes checksums: the defect bites. */
  offload: boolean;
  match: 'tunnel' | 'handshake';
  /** Persistent keepalive at both ends; 0 for none. */
  keepaliveMs: number;
  transitMs: number;
  watchdog: { lookEvery: number; deafAfter: number; backOff: number; backOffMost: number } | undefined;
}

/** A stretch in which nothing that is sent through the tunnel is answered. */
export interface TunnelOutage extends Span {
  /** When the watchdog restarted the tunnel for the first time in it, and raised its alert. */
  alertMs: number | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;
const PACKET = Buffer.of(0);
/** By how much a watchdog's patience grows with each restart that did not help: as the suite's own. */
const GROWTH = 1.5;
/** A packet both ways before the trouble begins, so that the timers stand as traffic leaves them. */
const LEAD_MS = 100;

type End = 'edge' | 'cloud';
/** Of a session both ends know one number, which its initiation had. */
type Message =
  | { kind: 'initiation' | 'response'; session: number }
  | { kind: 'transport'; session: number; payload: Buffer };

/**
 * Plays both ends of one node's tunnel, by the timers of the modelled tunnel itself, through all that befalls its link.
 *
 * The node sends all the time, so that between two troubles nothing can happen but a handshake each REKEY_AFTER_TIME:
 * that is skipped. In trouble, a packet is played wherever one could change what the tunnel does: where a fault begins or
 * ends, where the session becomes due or dead, and each REKEY_TIMEOUT, at which a handshake may be tried again. A rekey
 * that meets nothing but random loss is skipped as well: it has twelve tries before the session is dead.
 */
export function tunnelOutages(
  { defects, fades, lossy }: LinkLife,
  setup: TunnelSetup,
  random: RandomGenerator,
  overMs: number,
): TunnelOutage[] {
  const biting = setup.offload ? defects : [];
  const changes = [
    ...biting.flatMap((span) => changesOf('defect', span)),
    ...fades.flatMap((span) => changesOf('fade', span)),
  ].sort((a, b) => a.at - b.at);
  const play = new Play(setup, new LossAt(lossy), random);
  let next = 0;
  while (next < changes.length && (changes[next] as Change).at < overMs) next = play.trouble(changes, next);
  return play.outages
    .filter(({ fromMs }) => fromMs < overMs)
    .map((outage) => ({ ...outage, toMs: Math.min(overMs, outage.toMs) }));
}

interface Change {
  at: number;
  what: 'defect' | 'fade';
  by: 1 | -1;
}

function changesOf(what: Change['what'], { fromMs, toMs }: Span): Change[] {
  return [
    { at: fromMs, what, by: 1 },
    { at: toMs, what, by: -1 },
  ];
}

/** The loss at times that only grow, as a share. */
class LossAt {
  readonly #spans: readonly Lossy[];
  #from = 0;

  constructor(spans: readonly Lossy[]) {
    this.#spans = spans;
  }

  at(ms: number): number {
    while ((this.#spans[this.#from]?.toMs ?? NEVER) <= ms) this.#from += 1;
    let worst = 0;
    for (let index = this.#from; (this.#spans[index]?.fromMs ?? NEVER) <= ms; index += 1) {
      const { loss, toMs } = this.#spans[index] as Lossy;
      if (toMs > ms) worst = Math.max(worst, loss / 100);
    }
    return worst;
  }
}

class Play {
  readonly outages: TunnelOutage[] = [];
  readonly #setup: TunnelSetup;
  readonly #loss: LossAt;
  readonly #random: RandomGenerator;
  readonly #ends: Record<End, TunnelState> = { edge: freshTunnel(), cloud: freshTunnel() };
  /** Of each end, when it wants to be woken: asked for far oftener than it changes. */
  readonly #deadlines: Record<End, number> = { edge: NEVER, cloud: NEVER };
  #now = 0;
  /** When the session of the last handshake before now was made, had there been no trouble since. */
  #bornAt: number;
  #sessions = 0;
  /** Each end's latest initiation that waits for its response. */
  readonly #pending: Record<End, number | undefined> = { edge: undefined, cloud: undefined };
  readonly #flying: { at: number; to: End; message: Message }[] = [];
  readonly #active = { defect: 0, fade: 0 };
  /** Up to when all that was due has been played. */
  #played = -NEVER;
  /** The watchdog's: when the edge last heard anything, its restarts since, and when it may do the next. */
  #heardAt = 0;
  #restarts = 0;
  #restartFrom = 0;
  #outage: TunnelOutage | undefined;

  constructor(setup: TunnelSetup, loss: LossAt, random: RandomGenerator) {
    this.#setup = setup;
    this.#loss = loss;
    this.#random = random;
    this.#bornAt = -Math.round(uniformFloat64(random) * REKEY_AFTER_TIME);
  }

  /** Plays from the change at `first` until all is well again; returns the index of the change after that. */
  trouble(changes: readonly Change[], first: number): number {
    let next = first;
    this.#skipTo((changes[first] as Change).at);
    let beat = this.#now + REKEY_TIMEOUT;
    do {
      const change = changes[next];
      const changeAt = change?.at ?? NEVER;
      const sessionAt = this.#sessionChange();
      this.#now = Math.max(this.#now, Math.min(changeAt, beat, sessionAt, this.#wakeAt(), this.#restartAt()));
      let traffic = this.#now >= Math.min(changeAt, beat, sessionAt);
      if (this.#now >= beat) beat = this.#now + REKEY_TIMEOUT;
      this.#wake();
      if (change && this.#now >= changeAt) {
        this.#note();
        this.#active[change.what] += change.by;
        next += 1;
      }
      this.#note();
      if (this.#now >= this.#restartAt()) {
        this.#restart();
        traffic = true;
      }
      if (traffic) this.#step('edge', { type: 'outbound', payload: PACKET });
      this.#played = this.#now;
    } while (!this.#isWell());
    this.#bornAt = this.#ends.edge.current?.bornAt ?? this.#now;
    return next;
  }

  /** From one trouble to the next: as many sessions later as there were handshakes in between. */
  #skipTo(at: number): void {
    const { transitMs } = this.#setup;
    const lead = LEAD_MS + 8 * transitMs;
    const period = REKEY_AFTER_TIME + 2 * transitMs;
    const handshakes = Math.floor((at - lead - this.#bornAt) / period);
    if (handshakes > 0 || !this.#ends.edge.current)
      this.#establish(this.#bornAt + Math.max(0, handshakes) * period);
    if (this.#now < at - lead) {
      // Before any timer is asked: in the time that was skipped there was always something to be heard.
      this.#now = at - lead;
      this.#step('edge', { type: 'outbound', payload: PACKET });
      this.#settle();
      this.#wake();
      this.#settle();
    }
    this.#now = Math.max(this.#now, at);
    this.#heardAt = this.#now;
    this.#played = this.#now - 1;
  }

  /** A session that the edge initiated, as if there had been none before it. */
  #establish(bornAt: number): void {
    const { keepaliveMs, transitMs } = this.#setup;
    this.#now = bornAt - 2 * transitMs;
    this.#become('edge', freshTunnel());
    this.#become('cloud', freshTunnel());
    this.#step('edge', { type: 'outbound', payload: PACKET });
    this.#settle();
    if (keepaliveMs === 0) return;
    for (const end of ['edge', 'cloud'] as const) this.#step(end, { type: 'keepalive', ms: keepaliveMs });
    this.#settle();
  }

  /** Lets arrive what is under way. */
  #settle(): void {
    while (this.#flying.length > 0) {
      this.#now = Math.max(this.#now, this.#flying[0]?.at ?? 0);
      this.#arrive();
    }
  }

  #wakeAt(): number {
    const { cloud, edge } = this.#deadlines;
    return Math.min(this.#flying[0]?.at ?? NEVER, edge, cloud);
  }

  #wake(): void {
    this.#arrive();
    for (const end of ['edge', 'cloud'] as const)
      if (this.#deadlines[end] <= this.#now) this.#step(end, { type: 'tick' });
  }

  /** When the edge's session is next due to be renewed, or dead. */
  #sessionChange(): number {
    const { current } = this.#ends.edge;
    if (!current) return NEVER;
    const [due, dead] = [current.bornAt + REKEY_AFTER_TIME, current.bornAt + REJECT_AFTER_TIME];
    if (due > this.#played) return due;
    return dead > this.#played ? dead : NEVER;
  }

  #restartAt(): number {
    const { watchdog } = this.#setup;
    if (!watchdog || !this.#outage) return NEVER;
    const due = Math.max(this.#heardAt + watchdog.deafAfter, this.#restartFrom);
    return Math.ceil(due / watchdog.lookEvery) * watchdog.lookEvery;
  }

  #restart(): void {
    const { keepaliveMs, watchdog } = this.#setup;
    if (!watchdog) return;
    if (this.#outage) this.#outage.alertMs ??= this.#now;
    this.#restartFrom =
      this.#now + Math.min(watchdog.backOffMost, watchdog.backOff * GROWTH ** this.#restarts);
    this.#restarts += 1;
    this.#become('edge', freshTunnel());
    this.#pending.edge = undefined;
    if (keepaliveMs > 0) this.#step('edge', { type: 'keepalive', ms: keepaliveMs });
  }

  /** Keeps the record of outages up to date with what is so now. */
  #note(): void {
    if (this.#carries()) {
      this.#heard();
      if (this.#outage) this.#outage.toMs = this.#now;
      this.#outage = undefined;
    } else if (!this.#outage) {
      this.#outage = { fromMs: this.#now, toMs: NEVER, alertMs: undefined };
      this.outages.push(this.#outage);
    }
  }

  /** Whether a packet that is sent now would be answered, random loss aside. */
  #carries(): boolean {
    if (this.#active.fade > 0) return false;
    if (this.#active.defect > 0 && this.#setup.match === 'tunnel') return false;
    const { cloud, edge } = this.#ends;
    const { current } = edge;
    if (!current || this.#now - current.bornAt >= REJECT_AFTER_TIME) return false;
    return [cloud.current, cloud.previous, cloud.next].some((known) => known?.id === current.id);
  }

  #isWell(): boolean {
    const { cloud, edge } = this.#ends;
    return (
      this.#active.defect + this.#active.fade === 0 &&
      this.#flying.length === 0 &&
      edge.timers.retry === NEVER &&
      cloud.timers.retry === NEVER &&
      this.#now - (edge.current?.bornAt ?? -NEVER) < REKEY_AFTER_TIME &&
      this.#carries()
    );
  }

  #heard(): void {
    this.#heardAt = this.#now;
    this.#restarts = 0;
  }

  #become(end: End, state: TunnelState): void {
    this.#ends[end] = state;
    this.#deadlines[end] = deadlineOf(state);
  }

  #step(end: End, event: TunnelEvent): void {
    const jitterMs = Math.floor(uniformFloat64(this.#random) * MAX_JITTER);
    const { actions, state } = step(this.#ends[end], event, { now: this.#now, jitterMs });
    this.#become(end, state);
    for (const action of actions) this.#act(end, action);
  }

  #act(end: End, action: TunnelAction): void {
    if (action.type === 'initiate') {
      this.#sessions += 1;
      this.#pending[end] = this.#sessions;
      this.#send(end, { kind: 'initiation', session: this.#sessions });
    } else if (action.type === 'respond') this.#send(end, { kind: 'response', session: action.session });
    else if (action.type === 'transport')
      this.#send(end, { kind: 'transport', session: action.session, payload: action.payload });
    // What reaches the cloud is answered; the edge has its answer.
    else if (action.type === 'deliver' && end === 'cloud')
      this.#step('cloud', { type: 'outbound', payload: PACKET });
  }

  #send(from: End, message: Message): void {
    const { match, transitMs } = this.#setup;
    const halfMade = from === 'edge' && (match === 'tunnel' || message.kind !== 'transport');
    if (this.#active.fade > 0 || (this.#active.defect > 0 && halfMade)) return;
    // Before any trouble, and in the skipped time, there is no luck to be had.
    const loss = this.#outage || this.#active.defect > 0 ? this.#loss.at(this.#now) : 0;
    if (loss > 0 && uniformFloat64(this.#random) < loss) return;
    this.#flying.push({ at: this.#now + transitMs, to: from === 'edge' ? 'cloud' : 'edge', message });
  }

  #arrive(): void {
    while ((this.#flying[0]?.at ?? NEVER) <= this.#now) {
      const { message, to } = this.#flying.shift() as { to: End; message: Message };
      const { kind, session } = message;
      if (kind === 'response' && this.#pending[to] !== session) continue;
      // One handshake at a time: an end that is asked lets go of what it asked itself.
      if (kind !== 'transport') this.#pending[to] = undefined;
      if (to === 'edge') this.#heard();
      this.#step(
        to,
        kind === 'transport' ? { type: kind, session, payload: message.payload } : { type: kind, session },
      );
    }
  }
}
