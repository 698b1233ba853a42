import { z } from 'zod';
import { Duration } from '../../../harness/plan/schema.ts';

const Positive = Duration.refine((ms) => ms > 0, { error: 'expected more than 0' });

/** Where a range is drawn from, its logarithms are spread evenly. */
const Range = z
  .strictObject({ least: Positive, most: Positive })
  .refine(({ least, most }) => least <= most, { error: 'expected least ≤ most' });

const Late = z
  .strictObject({ p50: Positive, p95: Positive })
  .refine(({ p50, p95 }) => p50 <= p95, { error: 'expected p50 ≤ p95' });

/** Log-normal, by two of its quantiles. */
function logNormalOf({ p50, p95 }: { p50: number; p95: number }) {
  return z
    .strictObject({ p50: Positive.default(p50), p95: Positive.default(p95) })
    .refine((given) => given.p50 <= given.p95, { error: 'expected p50 ≤ p95' })
    .prefault({});
}

/** All that the model of GPU bursts assumes. Durations in ms, or as `90s`, `6h`. */
export const Parameters = z
  .strictObject({
    seed: z.int().min(0).max(0xffff_ffff).default(1),
    nodes: z.int().min(1).max(10_000).default(1_000),
    gpusPerNode: z.int().min(1).max(64).default(8),
    /** What is counted; before it a `warmUp` in which the cluster fills. */
    days: z.number().positive().max(365).default(7),
    warmUp: Duration.default(86_400_000),
    /** Jobs come in bursts, as a Poisson process. Assumed. */
    load: z
      .strictObject({
        /** GPUs that would be held on average if none had to wait, as a share of all. */
        offered: z.number().positive().max(2).default(0.65),
        /** Jobs created at once: from a range whose logarithms are spread evenly. */
        jobs: z
          .strictObject({ least: z.int().min(1).default(1), most: z.int().min(1).max(1_000).default(16) })
          .refine(({ least, most }) => least <= most, { error: 'expected least ≤ most' })
          .prefault({}),
        /** How long a Job's pods hold their GPUs. */
        lasts: Range.default({ least: 600_000, most: 86_400_000 }),
        /** The incident's: 8 replicas of one GPU. */
        replicas: z.int().min(1).max(512).default(8),
        /** Namespaces that the bursts come from, at random. */
        tenants: z.int().min(1).max(1_000).default(8),
      })
      .prefault({}),
    /** With the remedy `quota`: what a namespace may hold, as a share of all that the nodes take. Assumed. */
    quotaShare: z.number().positive().max(1).default(0.25),
    scheduler: z
      .strictObject({
        /** One pod after the other: upstream holds its scheduler to 100 pods a second. */
        perPod: Duration.default(10),
        /**
         * `spread`: the node with the most free, Kubernetes’ default; `pack`: the one with the least, which keeps a Job’s
         * replicas together and whole nodes free for the next.
         */
        placement: z.enum(['spread', 'pack']).default('pack'),
      })
      .prefault({}),
    kubelet: z
      .strictObject({
        /** Of each pod’s admission, one after the other, apart from what the plugin waits. Assumed. */
        admission: logNormalOf({ p50: 10, p95: 20 }),
        /** From admission to the container’s first act: embedded’s default, 1 s ± 10 %. */
        start: logNormalOf({ p50: 1_000, p95: 1_100 }),
      })
      .prefault({}),
    driver: z
      .strictObject({
        /** Of one association, drawn uniformly: the incident’s account. */
        latency: Range.default({ least: 200, most: 300 }),
        /** The part of it under the driver’s node-wide lock: the fake node’s default. */
        lock: Duration.default(10),
        /** By how much it takes longer on a busy node; log-normal. Left out: never. A calibration has it. */
        late: Late.optional(),
      })
      .prefault({}),
    /** After a start that failed, before its Job makes the pod again: Kubernetes’ own. */
    backOff: Positive.default(10_000),
  })
  .refine(({ driver }) => driver.lock <= driver.latency.least, {
    error: 'expected the lock to be part of the latency',
    path: ['driver', 'lock'],
  });
export type Parameters = z.infer<typeof Parameters>;
