import { z } from 'zod';
import { ProbePath } from '../ledger.ts';

export const ProbeOptions = z.strictObject({
  node: z.string().min(1),
  path: ProbePath,
  target: z.strictObject({ host: z.string(), port: z.int() }),
  intervalMs: z.number().positive(),
  /** A probe without its answer after so long is lost. */
  timeoutMs: z.number().positive(),
});
export type ProbeOptions = z.infer<typeof ProbeOptions>;
