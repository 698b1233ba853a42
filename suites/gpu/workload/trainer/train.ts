import type { Clock } from '../../../../harness/clock/clock.ts';
import { decode, encode, folderOf, keyOf, payloadOf, sha256, stepOf } from '../../checkpoints/checkpoint.ts';
import type { Word } from '../../checkpoints/ledger.ts';
import type { CheckpointStore } from '../../checkpoints/store.ts';
import type { TrainerOptions } from './options.ts';

export interface Trainer {
  rank: number;
  attempt: string;
  store: Pick<CheckpointStore, 'get' | 'list' | 'put'>;
  say(word: Word): void;
  clock: Pick<Clock, 'sleep'>;
}

/**
 * Steps from the newest whole checkpoint on, or from the beginning, with a checkpoint every few; resolves when all are
 * done. @throws what the store's client does where a checkpoint could not be read or was not taken.
 */
export async function train(options: TrainerOptions, trainer: Trainer): Promise<void> {
  const { bytes, every, prefix, seed, stepMs, steps } = options;
  const { attempt, clock, rank, say, store } = trainer;
  const from = await newest(options, trainer);
  for (let step = from + 1; step <= steps; step++) {
    await clock.sleep(stepMs);
    if (step % every !== 0) continue;
    const object = encode({ step, attempt, from }, payloadOf(seed, rank, step, bytes));
    const saved = { step, key: keyOf(prefix, rank, step), sha256: sha256(object) };
    say({ what: 'putting', ...saved });
    await store.put(saved.key, object);
    say({ what: 'acknowledged', ...saved });
  }
  say({ what: 'finished', step: steps });
}

/** The step to go on from: of the newest checkpoint that is whole, 0 without one. */
async function newest({ defect, prefix }: TrainerOptions, { rank, say, store }: Trainer): Promise<number> {
  const listed = (await store.list(folderOf(prefix, rank))).filter((key) => stepOf(key) !== undefined);
  const began = (from: number, hash: string | null) => {
    say({ what: 'began', from, sha256: hash, listed: listed.length });
    return from;
  };
  if (defect === 'resumes-from-zero') return began(0, null);
  const keys = listed.sort((a, b) => (stepOf(b) ?? 0) - (stepOf(a) ?? 0));
  for (const key of defect === 'resumes-from-older' ? keys.slice(2) : keys) {
    const object = await store.get(key);
    const read = object ? decode(object) : { torn: 'the store lists it and has it not' };
    if (object && 'head' in read && read.head.step === stepOf(key))
      return began(read.head.step, sha256(object));
    const reason = 'head' in read ? `it is the checkpoint of step ${read.head.step}` : read.torn;
    say({ what: 'refused', key, reason });
  }
  return began(0, null);
}
