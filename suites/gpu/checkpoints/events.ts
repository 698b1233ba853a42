import type { Line } from './ledger.ts';

/** A pod of the training Job whose state outlives its pods. */
export interface TrainerPod {
  uid: string;
  name: string;
  phase: string;
  deleting: boolean;
  gone: boolean;
}

/** An object as the harness itself read it back. */
export interface CheckpointRead {
  key: string;
  found: boolean;
  /** Of the whole object; null where there is none. */
  sha256: string | null;
  /** The pod that wrote it, by its head; null where it is torn. */
  attempt: string | null;
  /** Why it is not whole; null where it is. */
  torn: string | null;
}

/** What GPU-8 rests on. */
export interface CheckpointEvents {
  /** `kind`: `given`, or the program and its version. */
  'checkpoints.store': { kind: string; endpoint: string; bucket: string };
  /** The plan asks for training with checkpoints, and there was none. */
  'checkpoints.unavailable': { reason: string };
  'trainer.pod': TrainerPod;
  'trainer.said': Omit<Line, 'ordeal'>;
  /** A trainer's log could not be followed as it should. */
  'trainer.log-trouble': { pod: string; what: string };
  /** A trainer did not get on for as long as it is given. */
  'trainer.stalled': { trainer: number; waitedMs: number; pods: string };
  'checkpoint.read': CheckpointRead;
  /** The store said neither what it has under this key nor that it has nothing. */
  'checkpoint.unreadable': { key: string; reason: string };
}
