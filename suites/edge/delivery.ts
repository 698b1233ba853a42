import { type EngineEvents, eventsOf, type History } from '../../harness/history/event.ts';
import { edgeEvents } from './events.ts';
import { intersect, type Range, size, subtract, union } from './ranges.ts';

/** What became of what one run of one publisher measured, by its own ledger and the cloud's. */
export interface Delivery {
  publisher: string;
  session: string;
  /** Measured before the cutoff. */
  attempted: Range[];
  /** Of these, by the broker's word. */
  acknowledged: Range[];
  /** Of these, for want of room. */
  dropped: Range[];
  /** Of these, by the cloud, whenever. */
  received: Range[];
  duplicates: number;
  reordered: number;
  late: number;
}

export interface Joined {
  deliveries: Delivery[];
  /** Messages at the cloud that no publisher's ledger has. */
  unaccounted: number;
  doubts: string[];
}

/** Several of the lines that a publisher writes each half a second; what it measured meanwhile nobody asks after. */
const UNTOLD_MS = 5_000;

interface Sent {
  publisher: string;
  all: Range[];
  attempted: Range[];
  acknowledged: Range[];
  dropped: Range[];
  /** Between its last line before the cutoff and its first one after it, on its own clock: measured then is not judged. */
  untoldMs: number;
  /** When it wrote its last line before the cutoff. */
  toldMono: number;
  /** When it wrote its last line of all, on the history's clock as far as the quickest of them tells. */
  lastMono: number;
  /** It went on after the cutoff, or said that it ended: nothing before the cutoff is still to be told. */
  toldAll: boolean;
  ended: boolean;
}

interface Got {
  publisher: string;
  received: Range[];
  /** The same by when the history had it. */
  lines: { mono: number; received: Range[] }[];
  duplicates: number;
  reordered: number;
  late: number;
}

/** Joins the publishers' ledgers with the cloud's, by publisher and epoch. */
export function joinLedgers(history: History, nodes: readonly string[]): Joined {
  const cutoff = edgeEvents(history, 'publishing.cutoff').at(-1)?.seq;
  const doubts: string[] = [];
  if (cutoff === undefined) doubts.push('the end of publishing was not recorded');
  else doubts.push(...faultsAfter(history, cutoff));
  const sent = sentOf(history, cutoff ?? Number.POSITIVE_INFINITY);
  const got = gotOf(history);
  doubts.push(...cloudDoubts(history), ...publisherDoubts(sent, nodes));
  let unaccounted = 0;
  const deliveries: Delivery[] = [];
  for (const [session, { publisher, ...ledger }] of sent) {
    const { received = [], lines = [], duplicates = 0, reordered = 0, late = 0 } = got.get(session) ?? {};
    const attempted = union(ledger.attempted);
    const arrived = union(received);
    const told = union(ledger.all);
    // What is after the ledger's last word was measured after it: the line about it was not written yet. Of what had come long
    // before its last line it would have been.
    const last = told.at(-1)?.[1] ?? -1;
    const unknown = subtract(arrived, told);
    unaccounted += size(unknown.filter(([from]) => from <= last));
    const early = lines.filter(({ mono }) => ledger.ended || mono < ledger.lastMono - UNTOLD_MS);
    const untold = subtract(union(early.flatMap((line) => line.received)), told);
    unaccounted += size(untold.filter(([from]) => from > last));
    deliveries.push({
      publisher,
      session,
      attempted,
      acknowledged: intersect(attempted, union(ledger.acknowledged)),
      dropped: intersect(attempted, union(ledger.dropped)),
      received: intersect(attempted, arrived),
      duplicates,
      reordered,
      late,
    });
  }
  for (const [session, { publisher, received }] of got) {
    if (sent.has(session)) continue;
    doubts.push(`messages of ${publisher} came that no ledger of it has`);
    unaccounted += size(union(received));
  }
  if (unaccounted > 0) doubts.push(`${unaccounted} messages came that their publishers did not write down`);
  return { deliveries, unaccounted, doubts };
}

/** What is lost under a fault that comes when publishing has ended is not judged. */
function faultsAfter(history: History, cutoff: number): string[] {
  const planned = new Set(edgeEvents(history, 'fault.planned').map(({ body }) => body.fault));
  return eventsOf<EngineEvents['fault.injecting']>(history, 'fault.injecting')
    .filter(({ body, seq }) => seq > cutoff && planned.has(body.fault))
    .map(({ body }) => `fault ${body.fault} came after the end of publishing`);
}

function sentOf(history: History, cutoff: number): Map<string, Sent> {
  const sessions = new Map<string, Sent>();
  for (const { body } of edgeEvents(history, 'ledger.collector.started')) {
    const { epoch, mono, publisher } = body;
    sessions.set(epoch, {
      publisher,
      all: [],
      attempted: [],
      acknowledged: [],
      dropped: [],
      untoldMs: 0,
      toldMono: mono,
      lastMono: Number.NEGATIVE_INFINITY,
      toldAll: false,
      ended: false,
    });
  }
  const published = edgeEvents(history, 'ledger.collector.published');
  const quickest = new Map<string, number>();
  for (const { mono, body } of published)
    quickest.set(
      body.epoch,
      Math.min(quickest.get(body.epoch) ?? Number.POSITIVE_INFINITY, mono - body.mono),
    );
  for (const { seq, body } of published) {
    const session = sessions.get(body.epoch);
    if (!session) continue;
    session.lastMono = body.mono + (quickest.get(body.epoch) ?? 0);
    session.all.push(...body.attempted);
    if (seq < cutoff) {
      session.attempted.push(...body.attempted);
      session.toldMono = body.mono;
    } else if (!session.toldAll) {
      session.untoldMs = body.mono - session.toldMono;
      session.toldAll = true;
    }
    session.acknowledged.push(...body.acknowledged);
    session.dropped.push(...body.dropped);
  }
  for (const { body } of edgeEvents(history, 'ledger.collector.ended')) {
    const session = sessions.get(body.epoch);
    if (session) Object.assign(session, { ended: true, toldAll: true });
  }
  return sessions;
}

function gotOf(history: History): Map<string, Got> {
  const sessions = new Map<string, Got>();
  for (const { body, mono } of edgeEvents(history, 'ledger.cloud.received')) {
    const { duplicates, late, publisher, received, reordered, session } = body;
    const nothing = { received: [], lines: [], duplicates: 0, reordered: 0, late: 0 };
    const got = sessions.get(session) ?? { publisher, ...nothing };
    got.received.push(...received);
    got.lines.push({ mono, received });
    got.duplicates += duplicates;
    got.reordered += reordered;
    got.late += late;
    sessions.set(session, got);
  }
  return sessions;
}

function cloudDoubts(history: History): string[] {
  const doubts: string[] = [];
  const epochs = edgeEvents(history, 'ledger.cloud.started').map(({ body }) => body.epoch);
  const ended = new Set(edgeEvents(history, 'ledger.cloud.ended').map(({ body }) => body.epoch));
  if (epochs.length === 0) doubts.push('the cloud has no ledger');
  if (epochs.some((epoch) => !ended.has(epoch))) doubts.push('the cloud’s ledger has no end');
  const unexpected = edgeEvents(history, 'ledger.cloud.unexpected').reduce(
    (sum, { body }) => sum + body.count,
    0,
  );
  if (unexpected > 0) doubts.push(`${unexpected} messages under our topic were not ours`);
  return doubts;
}

function publisherDoubts(sent: ReadonlyMap<string, Sent>, nodes: readonly string[]): string[] {
  const doubts: string[] = [];
  for (const node of nodes) {
    const sessions = [...sent.values()].filter(({ publisher }) => publisher === node);
    if (sessions.length === 0) doubts.push(`the publisher of ${node} has no ledger`);
    else if (sessions.every(({ attempted }) => size(union(attempted)) === 0))
      doubts.push(`the publisher of ${node} measured nothing`);
    if (sessions.at(-1)?.toldAll === false)
      doubts.push(`the ledger of the publisher of ${node} fell silent before the end`);
    const untold = Math.max(0, ...sessions.map(({ untoldMs }) => untoldMs));
    if (untold > UNTOLD_MS) {
      const seconds = (untold / 1_000).toFixed(1);
      doubts.push(
        `the publisher of ${node} wrote nothing down for ${seconds} s around the end of publishing`,
      );
    }
    // A run of it that another one followed is over; without its end, what it measured last is unknown.
    const torn = sessions.slice(0, -1).filter(({ ended }) => !ended).length;
    if (torn > 0) doubts.push(`${torn} ledgers of the publisher of ${node} have no end`);
  }
  for (const { publisher, all } of sent.values()) {
    const whole = union(all);
    const gaps = whole.length > 1 || (whole[0]?.[0] ?? 0) > 0;
    if (gaps) doubts.push(`the ledger of the publisher of ${publisher} has gaps`);
  }
  return doubts;
}
