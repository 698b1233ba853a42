import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { Duration } from '../../harness/plan/schema.ts';
import { validated } from '../contract.ts';
import type { Fault, FaultContext, Seen } from '../port.ts';
import { type Interference, type Window, weather, worstOf } from './weather.ts';

const percent = z.number().min(0).max(100);
const spell = (defaults: { every: number; lasts: number } & Interference) =>
  z
    .strictObject({
      every: Duration.default(defaults.every),
      lasts: Duration.default(defaults.lasts),
      loss: percent.default(defaults.loss),
      corrupt: percent.default(defaults.corrupt),
      delayMs: z.number().nonnegative().default(defaults.delayMs),
      jitterMs: z.number().nonnegative().default(defaults.jitterMs),
    })
    .prefault({});

/** Rain fades a radio link for seconds; a machine’s starter or press disturbs it for a moment, over and over. */
export const InterferenceWith = z.strictObject({
  seed: z.int().nonnegative().default(1),
  over: Duration.default(20_000),
  rain: spell({ every: 8_000, lasts: 3_000, loss: 5, corrupt: 0, delayMs: 60, jitterMs: 20 }),
  machinery: spell({ every: 2_500, lasts: 300, loss: 0, corrupt: 30, delayMs: 0, jitterMs: 0 }),
});
export type InterferenceWith = z.infer<typeof InterferenceWith>;

/** How long a window may take to be gone once it is healed: a relay says so every 200 ms. */
const CLOSED_MS = 5_000;

/** What it is like in one window, as the fault that makes it so: one of `netem`, under this fault's own id. */
export type MakeWindow = (id: string, like: Interference) => Fault;

/** `network/interference`: windows of loss, corruption and delay on one link, drawn from a seed. */
export function interference(id: string, parameters: InterferenceWith, make: MakeWindow): Fault {
  const { machinery, over, rain, seed } = parameters;
  const span = ({ every, lasts, ...like }: InterferenceWith['rain']) => ({
    everyMs: every,
    lastsMs: lasts,
    ...like,
  });
  const windows = weather({ overMs: over, rain: span(rain), machinery: span(machinery) }, seed);
  // What can do the worst of all windows, and undo it, can do and undo each of them.
  const worst = make(id, worstOf(windows));
  const ending = new AbortController();
  let current: Fault | undefined;
  let seen: Seen = { seen: false, evidence: 'no window has bitten yet' };
  let loop: Promise<void> = Promise.resolve();

  const open = async (window: Window, context: FaultContext, startMono: number) => {
    const { clock, recorder } = context;
    const wait = (ms: number) => clock.sleep(Math.max(0, startMono + ms - clock.mono()), ending.signal);
    await wait(window.fromMs);
    const fault = validated(make(id, worstOf([window])));
    const capability = await fault.capability(context);
    if (!capability.ok) throw new Error(capability.reason);
    if (!isDeepStrictEqual(fault.healRecord(), worst.healRecord())) {
      throw new Error(`${capability.mechanism} would leave what the journal does not know`);
    }
    current = fault;
    await fault.inject(context);
    await wait(window.toMs).catch(() => undefined);
    if (!seen.seen) seen = await fault.bite(context, recorder.events);
    await fault.heal(context);
    await waitFor(async () => (await fault.gone(context)).seen, {
      what: `the end of a window of ${id}`,
      deadlineMs: CLOSED_MS,
      intervalMs: 20,
      clock,
    });
  };
  return {
    id,
    kind: 'network/interference',
    target: worst.target,
    reach: worst.reach,
    mechanisms: worst.mechanisms,
    capability: (context) => worst.capability(context),
    healRecord: () => worst.healRecord(),
    async inject(context) {
      const startMono = context.clock.mono();
      loop = (async () => {
        for (const window of windows) await open(window, context, startMono);
      })().catch((error: unknown) => {
        if (ending.signal.aborted || seen.seen) return;
        seen = { seen: false, evidence: `a window could not be opened: ${messageOf(error)}` };
      });
      return { windows };
    },
    bite: async () => seen,
    async heal(context) {
      ending.abort();
      await loop;
      await (current ?? worst).heal(context);
    },
    gone: (context) => (current ?? worst).gone(context),
  };
}
