import { z } from 'zod';
import { Duration } from '../../../harness/plan/schema.ts';

/** Above it probes fall silent by the loss alone, which is a cut. */
const Loss = z.number().min(0).max(50);
const Rate = z.number().nonnegative().max(60);
const Positive = Duration.refine((ms) => ms > 0, { error: 'expected more than 0' });
/** More of them would not fit into memory. */
const Every = Duration.refine((ms) => ms >= 60_000, { error: 'expected at least 1m' });

/** Where a range is drawn from, its logarithms are spread evenly. */
const Range = z
  .strictObject({ least: Duration, most: Duration })
  .refine(({ least, most }) => least > 0 && least <= most, { error: 'expected 0 < least ≤ most' });

/** All that the model of edge life assumes. Durations in ms, or as `90s`, `6h`; losses in percent of the datagrams. */
export const Parameters = z.strictObject({
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  nodes: z.int().min(1).max(10_000).default(5),
  days: z.int().min(1).max(3_650).default(360),
  /** Hours of each day in which the machinery runs and the sensors measure. */
  shiftHours: z.number().positive().max(24).default(24),
  rain: z
    .strictObject({
      every: Every.default(6 * 3_600_000),
      lasts: Positive.default(20 * 60_000),
      loss: Loss.default(5),
    })
    .prefault({}),
  machinery: z
    .strictObject({
      every: Every.default(10 * 60_000),
      lasts: Positive.default(20_000),
      loss: Loss.default(30),
    })
    .prefault({}),
  /** The NIC's offload defect: how often an hour of interference sets it off, and for how long. */
  defect: z
    .strictObject({
      perRainHour: Rate.default(2),
      perMachineryHour: Rate.default(2),
      lasts: Range.default({ least: 30_000, most: 115_000 }),
      /** Whether all of the tunnel's datagrams are dropped by the cloud, or its handshakes alone. */
      match: z.enum(['tunnel', 'handshake']).default('tunnel'),
    })
    .prefault({}),
  /** A fade so deep that nothing passes, which no remedy ends: how often an hour of rain has one. */
  fade: z
    .strictObject({
      perRainHour: Rate.default(0.0125),
      lasts: Range.default({ least: 1_500, most: 8_000 }),
    })
    .prefault({}),
  /** One way. */
  transit: Positive.default(40),
  /** A silence of at least so long is a disconnect. */
  disconnectAfter: Positive.default(1_000),
  /** Of each publisher; the defaults of its times are mqtt.js's own. */
  mqtt: z
    .strictObject({
      /** Measurements a second. */
      rate: z.number().positive().max(1_000).default(10),
      inFlight: z.int().min(1).default(20),
      keepalive: Positive.default(60_000),
      connectTimeout: Positive.default(30_000),
      reconnect: Positive.default(1_000),
    })
    .prefault({}),
  readinessPeriod: Positive.default(1_000),
  watchdog: z
    .strictObject({
      lookEvery: Positive.default(500),
      deafAfter: Positive.default(8_000),
      backOff: Positive.default(1_000),
      backOffMost: Positive.default(30_000),
    })
    .prefault({}),
});
export type Parameters = z.infer<typeof Parameters>;
