import type { History } from '../../../harness/history/event.ts';
import { WrittenHistory } from '../../testing/written.ts';
import { keyOf } from '../checkpoints/checkpoint.ts';
import type { CheckpointEvents } from '../checkpoints/events.ts';
import type { Word } from '../checkpoints/ledger.ts';

export const EVERY = 5;
const FAULT = 'pod-kill-1';

/** What one trainer did before and after its pod was deleted, in checkpoints. */
export interface Course {
  /** Acknowledged before the fault. */
  before: number;
  /** Acknowledged while the pod was on its way out. */
  during: number;
  /** One more was sent, and nobody heard what became of it: never sent, lost, or taken by the store. */
  doubt: 'none' | 'lost' | 'landed';
  /** Acknowledged by the next pod. */
  after: number;
}

/** What of a story is other than it should be. */
export interface Twist {
  /** The step that trainer 0's second pod goes on from. */
  from?: number;
  /** Of the checkpoint that it goes on from. */
  hash?: string;
  /** What the harness reads of trainer 0's first checkpoint; null: it does not look. */
  read?: Partial<CheckpointEvents['checkpoint.read']> | null;
  /** No pod is seen to end. */
  unhurt?: boolean;
  /** Trainer 0 is not heard of again, and that was waited for. */
  stalled?: boolean;
}

/** Trainers that are interrupted once and go on, as a run records it. */
export function checkpointed(courses: readonly Course[], twist: Twist = {}): History {
  const written = new WrittenHistory();
  const say = <Type extends keyof CheckpointEvents>(type: Type, body: CheckpointEvents[Type]) =>
    written.add('suite/gpu', type, body);
  const fault = (type: string, more: object) =>
    written.add('fault/load/pod-kill', `fault.${type}`, { fault: FAULT, kind: 'load/pod-kill', ...more });
  const uid = (trainer: number, attempt: number) => `uid-${trainer}-${attempt}`;
  const hash = (trainer: number, step: number, attempt: number) => `hash-${trainer}-${step}-${attempt}`;
  const counts = new Map<string, number>();
  const word = (trainer: number, attempt: number, said: Word) => {
    const pod = uid(trainer, attempt);
    const n = counts.get(pod) ?? 0;
    counts.set(pod, n + 1);
    say('trainer.said', { attempt: pod, n, trainer, word: said });
  };
  const saved = new Map<string, { sha256: string; attempt: string }>();
  const save = (trainer: number, attempt: number, step: number, heard = true, kept = true) => {
    const sha256 = hash(trainer, step, attempt);
    const key = keyOf('run', trainer, step);
    word(trainer, attempt, { what: 'putting', step, key, sha256 });
    if (heard) word(trainer, attempt, { what: 'acknowledged', step, key, sha256 });
    if (kept) saved.set(key, { sha256, attempt: uid(trainer, attempt) });
  };
  const pod = (trainer: number, attempt: number, more: Partial<CheckpointEvents['trainer.pod']> = {}) => {
    const name = uid(trainer, attempt);
    say('trainer.pod', { uid: name, name, phase: 'Running', deleting: false, gone: false, ...more });
  };
  const all = (tell: (course: Course, trainer: number) => void) => courses.forEach(tell);

  say('checkpoints.store', { kind: 'given', endpoint: 'http://store', bucket: 'b' });
  all(({ before }, trainer) => {
    pod(trainer, 0);
    word(trainer, 0, { what: 'began', from: 0, sha256: null, listed: 0 });
    for (let index = 1; index <= before; index++) save(trainer, 0, index * EVERY);
  });
  fault('injecting', { target: 'pods', mechanism: 'a deletion' });
  fault('injected', { target: 'pods', mechanism: 'a deletion', detail: null });
  all(({ before, doubt, during }, trainer) => {
    for (let index = 1; index <= during; index++) save(trainer, 0, (before + index) * EVERY);
    if (doubt !== 'none') save(trainer, 0, (before + during + 1) * EVERY, false, doubt === 'landed');
    if (!twist.unhurt) pod(trainer, 0, { phase: 'Failed', deleting: true, gone: true });
  });
  all(({ after, before, doubt, during }, trainer) => {
    const first = trainer === 0;
    if (first && twist.stalled) {
      say('trainer.stalled', { trainer, waitedMs: 60_000, pods: 'no pod' });
      return;
    }
    const newest = (before + during + (doubt === 'landed' ? 1 : 0)) * EVERY;
    const from = first ? (twist.from ?? newest) : newest;
    const kept = saved.get(keyOf('run', trainer, from))?.sha256 ?? null;
    pod(trainer, 1, { phase: 'Pending' });
    pod(trainer, 1);
    const sha256 = from === 0 ? null : first ? (twist.hash ?? kept) : kept;
    word(trainer, 1, { what: 'began', from, sha256, listed: from / EVERY });
    for (let index = 1; index <= after; index++) save(trainer, 1, from + index * EVERY);
  });
  fault('healed', { healed: true, evidence: 'they run again' });
  const oldest = keyOf('run', 0, EVERY);
  for (const [key, { attempt, sha256 }] of saved) {
    if (key === oldest && twist.read === null) continue;
    const more = key === oldest ? twist.read : {};
    say('checkpoint.read', { key, found: true, sha256, attempt, torn: null, ...more });
  }
  return written.events;
}
