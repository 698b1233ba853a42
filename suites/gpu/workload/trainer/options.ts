import { z } from 'zod';
import { TrainerDefect } from '../../checkpoints/settings.ts';

/** What the program is given as its argument; the store's keys come in the environment, for an argument shows in `ps`. */
export const TrainerOptions = z.strictObject({
  endpoint: z.string(),
  bucket: z.string(),
  region: z.string(),
  /** Of the run's own keys. */
  prefix: z.string(),
  seed: z.int(),
  stepMs: z.number().nonnegative(),
  every: z.int().min(1),
  steps: z.int().min(1),
  bytes: z.int().min(1),
  defect: TrainerDefect,
});
export type TrainerOptions = z.infer<typeof TrainerOptions>;

export const TrainerEnvironment = z.object({
  AWS_ACCESS_KEY_ID: z.string(),
  AWS_SECRET_ACCESS_KEY: z.string(),
  /** Which of the Job's pods it is. */
  RANK: z.coerce.number().int().nonnegative(),
  POD_UID: z.string(),
});
