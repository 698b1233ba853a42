import {
  type EngineEvents,
  eventsOf,
  type History,
  type HistoryEvent,
} from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { CheckpointEvents } from '../checkpoints/events.ts';
import type { Word } from '../checkpoints/ledger.ts';

type Said = HistoryEvent<string, CheckpointEvents['trainer.said']>;

/** A checkpoint by what a trainer said of it, and when the harness heard that. */
interface Saved {
  seq: number;
  step: number;
  key: string;
  sha256: string;
}

/** One pod's training. */
interface Attempt {
  uid: string;
  trainer: number;
  began: { seq: number; from: number; sha256: string | null } | undefined;
  putting: Saved[];
  acknowledged: Saved[];
  /** Why it took another checkpoint than the newest, or came to its end. */
  troubles: string[];
  finishedAt: number;
}

/** A fault, by the events between which it was held. */
interface Held {
  id: string;
  from: number;
  to: number;
}

interface Findings {
  /** Each refuses. */
  wrongs: string[];
  /** Each keeps a pass from being one. */
  doubts: string[];
}

/**
 * GPU-8: a checkpoint that was acknowledged before a fault is there after it, whole by the hash that the harness itself
 * takes of it, and training that the fault interrupted goes on from the newest one. A checkpoint that was sent, and whose
 * acknowledgement was not heard when its pod ended, may be there or not: to go on from it is as good.
 * @param every steps from one checkpoint to the next
 */
export function checkCheckpoints(history: History, target: Target, every: number): Judged {
  const attempts = attemptsIn(history);
  const faults = heldIn(history);
  const found: Findings = { wrongs: [], doubts: recordDoubts(history, attempts, every) };
  checkOrigins(history, faults, attempts, found);
  let kept = 0;
  let resumed = 0;
  let judgedFaults = 0;
  for (const fault of faults) {
    const over = podsOver(history, fault.from);
    const live = attempts.filter(
      ({ began, finishedAt, uid }) =>
        began !== undefined && began.seq < fault.from && finishedAt > fault.from && !over.has(uid),
    );
    if (live.length === 0) continue;
    judgedFaults += 1;
    const next = faults.find(({ from }) => from > fault.from)?.from ?? Number.POSITIVE_INFINITY;
    for (const { trainer, uid } of live) {
      const interrupted = endedDuring(history, uid, fault);
      if (!interrupted) found.doubts.push(`${fault.id} was not seen to interrupt trainer ${trainer}`);
      const on = wentOn(history, { ...fault, to: next }, attempts, trainer, found);
      if (interrupted && on) resumed += 1;
    }
    kept += checkKept(history, fault, attempts, found);
  }
  const acknowledged = attempts.flatMap((attempt) => attempt.acknowledged).length;
  if (acknowledged === 0) found.doubts.push('no checkpoint was acknowledged');
  if (judgedFaults === 0) found.doubts.push('nothing was broken while a trainer trained');
  else if (kept === 0)
    found.doubts.push('no checkpoint was acknowledged before a fault and read back after it');
  if (resumed === 0) found.doubts.push('no interrupted training was seen to go on');
  const { doubts, wrongs } = found;
  const reason = [
    `${kept} checkpoints acknowledged before a fault were read back after it, ${resumed} interrupted trainers went on`,
    ...firstOf(wrongs),
  ].join('; ');
  const samples = kept + resumed + wrongs.length;
  return judgeFigure(samples === 0 ? null : wrongs.length, samples, target, 'failures', { reason, doubts });
}

/** What a reader can take in. */
const SHOWN = 4;

function firstOf(wrongs: readonly string[]): string[] {
  const rest = wrongs.length - SHOWN;
  return rest > 0 ? [...wrongs.slice(0, SHOWN), `${rest} more`] : [...wrongs];
}

function attemptsIn(history: History): Attempt[] {
  const said = eventsOf<CheckpointEvents['trainer.said']>(history, 'trainer.said');
  return [...grouped(said, ({ body }) => body.attempt)].map(([uid, lines]) => attemptOf(uid, lines));
}

function attemptOf(uid: string, lines: readonly Said[]): Attempt {
  const words = <What extends Word['what']>(what: What) =>
    lines.flatMap(({ body, seq }) =>
      body.word.what === what ? [{ seq, ...(body.word as Extract<Word, { what: What }>) }] : [],
    );
  return {
    uid,
    trainer: lines[0]?.body.trainer ?? -1,
    began: words('began')[0],
    putting: words('putting'),
    acknowledged: words('acknowledged'),
    troubles: [
      ...words('refused').map(({ key, reason }) => `${key}: ${reason}`),
      ...words('failed').map(({ reason }) => reason),
    ],
    finishedAt: words('finished')[0]?.seq ?? Number.POSITIVE_INFINITY,
  };
}

function heldIn(history: History): Held[] {
  const healed = eventsOf<EngineEvents['fault.healed']>(history, 'fault.healed');
  return eventsOf<EngineEvents['fault.injected']>(history, 'fault.injected').map(({ body, seq }) => {
    // What was known before the injection was begun was so before it.
    const injecting = eventsOf<EngineEvents['fault.injecting']>(history, 'fault.injecting').find(
      (event) => event.body.fault === body.fault,
    );
    const end = healed.find((event) => event.body.fault === body.fault && event.seq > seq);
    return {
      id: body.fault,
      from: Math.min(seq, injecting?.seq ?? seq),
      to: end?.seq ?? Number.POSITIVE_INFINITY,
    };
  });
}

/** What of the record is missing or torn. */
function recordDoubts(history: History, attempts: readonly Attempt[], every: number): string[] {
  const doubts = eventsOf<CheckpointEvents['checkpoints.unavailable']>(
    history,
    'checkpoints.unavailable',
  ).map(({ body }) => body.reason);
  const said = eventsOf<CheckpointEvents['trainer.said']>(history, 'trainer.said');
  for (const [uid, lines] of grouped(said, ({ body }) => body.attempt)) {
    const numbers = lines.map(({ body }) => body.n);
    if (numbers.some((n, index) => n !== index))
      doubts.push(`the ledger of the trainer’s pod ${uid} has gaps or lines out of order`);
    if (new Set(lines.map(({ body }) => body.trainer)).size > 1)
      doubts.push(`the ledger of the trainer’s pod ${uid} is of several trainers`);
  }
  for (const { body } of eventsOf<CheckpointEvents['trainer.stalled']>(history, 'trainer.stalled'))
    doubts.push(`trainer ${body.trainer} did not get on in ${body.waitedMs / 1_000} s`);
  for (const { acknowledged, began, putting, uid } of attempts) {
    if (!began) {
      doubts.push(`the beginning of the trainer’s pod ${uid} is missing`);
      continue;
    }
    const first = Math.floor(began.from / every) + 1;
    const wrong = (saved: readonly Saved[]) =>
      saved.some(({ step }, index) => step !== (first + index) * every);
    if (wrong(putting) || wrong(acknowledged))
      doubts.push(`the trainer’s pod ${uid} did not write each of its checkpoints in turn`);
    const sent = new Map(putting.map(({ key, sha256 }) => [key, sha256]));
    if (acknowledged.some(({ key, sha256 }) => sent.get(key) !== sha256))
      doubts.push(`the trainer’s pod ${uid} had something acknowledged that it had not sent`);
  }
  return doubts;
}

/** Whether the pod was seen to be on its way out, or over, while the fault was held. */
function endedDuring(history: History, uid: string, fault: Held): boolean {
  return eventsOf<CheckpointEvents['trainer.pod']>(history, 'trainer.pod').some(
    ({ body, seq }) =>
      body.uid === uid &&
      seq > fault.from &&
      seq < fault.to &&
      (body.deleting || body.gone || body.phase === 'Failed'),
  );
}

/** Every acknowledgement that was heard before the fault, against what the harness read back after it; how many were read. */
function checkKept(history: History, fault: Held, attempts: readonly Attempt[], found: Findings): number {
  const before = attempts.flatMap(({ acknowledged }) => acknowledged.filter(({ seq }) => seq < fault.from));
  const reads = grouped(
    eventsOf<CheckpointEvents['checkpoint.read']>(history, 'checkpoint.read').filter(
      ({ seq }) => seq > (Number.isFinite(fault.to) ? fault.to : fault.from),
    ),
    ({ body }) => body.key,
  );
  let kept = 0;
  for (const { key, sha256 } of before) {
    const looks = reads.get(key) ?? [];
    const wrong = looks.map(({ body }) => lossOf(body, sha256)).find((loss) => loss !== undefined);
    if (looks.length > 0) kept += 1;
    if (wrong) found.wrongs.push(`${key}, acknowledged before ${fault.id}, ${wrong}`);
    else if (looks.length === 0)
      found.doubts.push(`${key}, acknowledged before ${fault.id}, was not read back after it`);
  }
  return kept;
}

function lossOf({ found, sha256, torn }: CheckpointEvents['checkpoint.read'], acknowledged: string) {
  if (!found) return 'is missing';
  if (torn !== null) return `is torn: ${torn}`;
  return sha256 === acknowledged ? undefined : 'is another checkpoint than the one acknowledged';
}

/** From where each attempt went on, against what its trainer had acknowledged and sent before. */
function checkOrigins(
  history: History,
  faults: readonly Held[],
  attempts: readonly Attempt[],
  { doubts, wrongs }: Findings,
): void {
  for (const { began, trainer, troubles, uid } of attempts) {
    if (!began) continue;
    const { from, sha256 } = began;
    const ours = attempts.filter((attempt) => attempt.trainer === trainer);
    const fault = faults.findLast((each) => each.from < began.seq);
    const newest = newestBefore(history, ours, uid, fault?.from ?? 0);
    const who = `trainer ${trainer}${fault ? `, after ${fault.id},` : ''}`;
    const why = troubles.length > 0 ? ` (${troubles[0]})` : '';
    if (from < newest)
      wrongs.push(`${who} went on from step ${from}, and step ${newest} was acknowledged${why}`);
    if (from < newest || from === 0) continue;
    const sent = ours
      .filter((other) => (other.began?.seq ?? Number.POSITIVE_INFINITY) < began.seq)
      .flatMap(({ putting }) => putting.filter(({ step }) => step === from));
    if (sent.some((each) => each.sha256 === sha256)) continue;
    const author = sent.length === 0 ? authorOf(history, ours, sha256) : undefined;
    if (author) doubts.push(`${who} went on from step ${from}, of which its pod ${author} had not told`);
    else if (sent.length === 0) wrongs.push(`${who} went on from step ${from}, which nobody had written`);
    else wrongs.push(`${who} went on from step ${from} by another checkpoint than was written`);
  }
}

/** Whether the trainer was seen to go on before the next fault. */
function wentOn(
  history: History,
  until: Held,
  attempts: readonly Attempt[],
  trainer: number,
  { doubts, wrongs }: Findings,
): boolean {
  const meanwhile = ({ seq }: { seq: number }) => seq > until.from && seq < until.to;
  const last = attempts.findLast(
    (attempt) => attempt.trainer === trainer && attempt.began && meanwhile(attempt.began),
  );
  const from = last?.began?.from ?? 0;
  if (last?.acknowledged.some(({ step }) => step > from)) return true;
  const seen = last ? 'had no checkpoint acknowledged after it went on' : 'was not seen to go on';
  const who = `trainer ${trainer}, interrupted by ${until.id},`;
  const stalled = eventsOf<CheckpointEvents['trainer.stalled']>(history, 'trainer.stalled').find(
    (event) => event.body.trainer === trainer && meanwhile(event),
  );
  const unheard = eventsOf(history, 'trainer.log-trouble').some(meanwhile);
  if (stalled && !unheard) {
    const { pods, waitedMs } = stalled.body;
    const why = [pods, ...(last?.troubles.slice(0, 1) ?? [])].join('; ');
    wrongs.push(`${who} ${seen} in ${waitedMs / 1_000} s (${why})`);
  } else doubts.push(`${who} ${seen}`);
  return false;
}

/**
 * The newest step that was acknowledged for certain when a pod began: before the fault, or by a pod that was over before
 * the watch that told of both had the new one.
 */
function newestBefore(history: History, ours: readonly Attempt[], uid: string, fault: number): number {
  const pods = eventsOf<CheckpointEvents['trainer.pod']>(history, 'trainer.pod');
  const first = pods.find(({ body }) => body.uid === uid)?.seq ?? Number.NEGATIVE_INFINITY;
  const over = podsOver(history, first);
  const steps = ours.flatMap((attempt) =>
    attempt.acknowledged
      .filter(({ seq }) => seq < fault || (attempt.uid !== uid && over.has(attempt.uid)))
      .map(({ step }) => step),
  );
  return Math.max(0, ...steps);
}

/** The pods that were seen to be over by then. */
function podsOver(history: History, until: number): Set<string> {
  const over = eventsOf<CheckpointEvents['trainer.pod']>(history, 'trainer.pod').filter(
    ({ body: { gone, phase }, seq }) => seq < until && (gone || phase === 'Failed' || phase === 'Succeeded'),
  );
  return new Set(over.map(({ body }) => body.uid));
}

/** The pod whose checkpoint this is by what the harness read, where the pod's own word of it was not heard. */
function authorOf(history: History, ours: readonly Attempt[], sha256: string | null): string | undefined {
  const read = eventsOf<CheckpointEvents['checkpoint.read']>(history, 'checkpoint.read').find(
    ({ body }) => body.torn === null && body.found && body.sha256 === sha256,
  );
  return ours.find(({ uid }) => uid === read?.body.attempt)?.uid;
}
