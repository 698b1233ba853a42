/**
 * One end of the modelled tunnel: the messages between two peers. It is not WireGuard and does not talk to one. It has
 * WireGuard's message types in the first byte, its timers and sessions (machine.ts), its roaming (the endpoint is where
 * the last authenticated message came from), a handshake with the same properties (handshake.ts) and a replay window.
 * It has no cookies (type 3 is dropped), no load defence, no padding and no allowed IPs: one peer, and any packet.
 *
 * An address is a port on loopback. No sockets, no timers: it is told what comes and when, and whoever holds it calls
 * `tick` when its deadline has come.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { type Identity, initiate, open, respond, type SessionKeys, seal, TAG_BYTES } from './handshake.ts';
import { deadlineOf, freshTunnel, step, type TunnelAction, type TunnelEvent } from './machine.ts';
import { ReplayWindow } from './replay-window.ts';
import { MAX_JITTER } from './timers.ts';

export const MESSAGE = { initiation: 1, response: 2, cookie: 3, transport: 4 } as const;

/** Type, own index, and for a response the index that it answers. */
const INITIATION_HEADER = 8;
const RESPONSE_HEADER = 12;
/** Type, the receiver's index, counter. */
const TRANSPORT_HEADER = 16;

export interface TunnelEndOptions {
  identity: Identity;
  /** Where the peer is; undefined until it has spoken. */
  endpoint: number | undefined;
  random: RandomGenerator;
  transmit(message: Buffer, to: number): void;
  deliver(packet: Buffer): void;
}

/** A session's keys, and the index that the peer knows it by. */
interface Keys extends SessionKeys {
  theirs: number;
  sent: number;
  seen: ReplayWindow;
}

export class TunnelEnd {
  readonly #options: TunnelEndOptions;
  readonly #keys = new Map<number, Keys>();
  #state = freshTunnel();
  #endpoint: number | undefined;
  /** The latest initiation that waits for its response, by our index. */
  #pending: { index: number; finish: ReturnType<typeof initiate>['finish'] } | undefined;
  /** The response to the initiation that was just taken. */
  #response = Buffer.alloc(0);
  #newestStamp = Number.NEGATIVE_INFINITY;
  /** Bytes of authenticated messages, as WireGuard counts them. */
  rxBytes = 0;
  txBytes = 0;

  constructor(options: TunnelEndOptions) {
    this.#options = options;
    this.#endpoint = options.endpoint;
  }

  get deadline(): number {
    return deadlineOf(this.#state);
  }

  /** When the last handshake was completed. */
  get handshakeDoneAt(): number | undefined {
    return this.#state.handshakeDoneAt;
  }

  send(packet: Buffer, now: number): void {
    this.#step({ type: 'outbound', payload: packet }, now);
  }

  setKeepalive(ms: number, now: number): void {
    this.#step({ type: 'keepalive', ms }, now);
  }

  tick(now: number): void {
    this.#step({ type: 'tick' }, now);
  }

  /** What is not the peer's, or is a replay, changes nothing. */
  receive(message: Buffer, from: number, now: number): void {
    const event = this.#authenticated(message);
    if (!event) return;
    this.#endpoint = from;
    this.rxBytes += message.length;
    this.#step(event, now);
  }

  #authenticated(message: Buffer): TunnelEvent | undefined {
    if (message[0] === MESSAGE.transport) return this.#transport(message);
    if (message[0] === MESSAGE.initiation) return this.#initiation(message);
    return message[0] === MESSAGE.response ? this.#responded(message) : undefined;
  }

  #transport(message: Buffer): TunnelEvent | undefined {
    if (message.length < TRANSPORT_HEADER + TAG_BYTES) return undefined;
    const session = message.readUInt32LE(4);
    const keys = this.#keys.get(session);
    const counter = Number(message.readBigUInt64LE(8));
    if (!keys || !Number.isSafeInteger(counter)) return undefined;
    const payload = open(keys.receive, counter, message.subarray(TRANSPORT_HEADER));
    return payload && keys.seen.take(counter) ? { type: 'transport', session, payload } : undefined;
  }

  #initiation(message: Buffer): TunnelEvent | undefined {
    if (message.length < INITIATION_HEADER) return undefined;
    const answer = respond(this.#options.identity, message.subarray(INITIATION_HEADER));
    if (!answer || answer.stamp <= this.#newestStamp) return undefined;
    this.#newestStamp = answer.stamp;
    // One handshake at a time: where both ends initiate at once, both fall through, and their jitter parts them.
    this.#pending = undefined;
    const theirs = message.readUInt32LE(4);
    const session = this.#newIndex();
    this.#response = Buffer.concat([header(MESSAGE.response, session, theirs), answer.message]);
    this.#keys.set(session, { ...answer.keys, theirs, sent: 0, seen: new ReplayWindow() });
    return { type: 'initiation', session };
  }

  #responded(message: Buffer): TunnelEvent | undefined {
    if (message.length < RESPONSE_HEADER || message.readUInt32LE(8) !== this.#pending?.index)
      return undefined;
    const keys = this.#pending.finish(message.subarray(RESPONSE_HEADER));
    if (!keys) return undefined;
    const session = this.#pending.index;
    this.#pending = undefined;
    this.#keys.set(session, { ...keys, theirs: message.readUInt32LE(4), sent: 0, seen: new ReplayWindow() });
    return { type: 'response', session };
  }

  #step(event: TunnelEvent, now: number): void {
    const jitterMs = uniformFloat64(this.#options.random) * MAX_JITTER;
    const { actions, state } = step(this.#state, event, { now, jitterMs });
    this.#state = state;
    for (const action of actions) this.#act(action, now);
  }

  #act(action: TunnelAction, now: number): void {
    if (action.type === 'initiate') {
      const { finish, message } = initiate(this.#options.identity, now);
      this.#pending = { index: this.#newIndex(), finish };
      this.#transmit(Buffer.concat([header(MESSAGE.initiation, this.#pending.index), message]));
    } else if (action.type === 'respond') this.#transmit(this.#response);
    else if (action.type === 'transport') this.#transmitSealed(action.session, action.payload);
    else if (action.type === 'forget') this.#keys.delete(action.session);
    else this.#options.deliver(action.payload);
  }

  #transmitSealed(session: number, payload: Buffer): void {
    const keys = this.#keys.get(session);
    if (!keys) throw new Error(`the machine sends with session ${session}, which has no keys`);
    const start = Buffer.alloc(TRANSPORT_HEADER);
    start[0] = MESSAGE.transport;
    start.writeUInt32LE(keys.theirs, 4);
    start.writeBigUInt64LE(BigInt(keys.sent), 8);
    const sealed = seal(keys.send, keys.sent, payload);
    keys.sent += 1;
    this.#transmit(Buffer.concat([start, sealed]));
  }

  #transmit(message: Buffer): void {
    if (this.#endpoint === undefined) return;
    this.txBytes += message.length;
    this.#options.transmit(message, this.#endpoint);
  }

  #newIndex(): number {
    for (;;) {
      const index = uniformInt(this.#options.random, 0, 0xffff_ffff);
      if (!this.#keys.has(index) && index !== this.#pending?.index) return index;
    }
  }
}

function header(type: number, ...indices: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * indices.length);
  bytes[0] = type;
  indices.forEach((index, at) => {
    bytes.writeUInt32LE(index, 4 + 4 * at);
  });
  return bytes;
}
