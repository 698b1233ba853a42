import { z } from 'zod';
import { Duration } from '../../../harness/plan/schema.ts';

/** Ways in which a trainer is wrong: controls that must be refused. */
export const TrainerDefect = z.enum([
  'none',
  /** It never looks for a checkpoint. */
  'resumes-from-zero',
  /** It takes the newest checkpoint but two: the newest may be one whose acknowledgement its pod did not live to see. */
  'resumes-from-older',
]);
export type TrainerDefect = z.infer<typeof TrainerDefect>;

/** Training Jobs that write checkpoints to an S3 store, for GPU-8. */
export const Checkpoints = z.strictObject({
  /**
   * The store, as pods and the harness both reach it; its keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Left
   * out, on embedded and kind alone: a store of the run's own.
   */
  endpoint: z
    .url({ protocol: /^https?$/, error: 'expected an http or https address' })
    .refine((text) => new URL(text).username === '', 'expected an address without credentials')
    .optional(),
  /** Which is there already, where the endpoint is given. */
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected a bucket’s name: 3 to 63 of a-z, 0-9, . and -')
    .default('ordeal-checkpoints'),
  region: z.string().min(1).default('us-east-1'),
  /** Pods of the Job, each with checkpoints of its own. */
  trainers: z.int().min(1).max(64).default(2),
  step: Duration.default(40),
  /** Steps from one checkpoint to the next. */
  every: z.int().min(1).default(5),
  /** At which training is through; a run ends it before. */
  steps: z.int().min(10).default(10_000),
  /** Of a checkpoint's payload. */
  bytes: z
    .int()
    .min(1)
    .max(64 * 1024 * 1024)
    .default(64 * 1024),
  defect: TrainerDefect.default('none'),
});
export type Checkpoints = z.infer<typeof Checkpoints>;
