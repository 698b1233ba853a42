import jstat from 'jstat';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Interval } from '../../../harness/comparison/exact.ts';
import { type EngineEvents, eventsOf, type History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import type { Plan } from '../../../harness/plan/schema.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import { CONFIDENCE, type Estimate, sharePercent } from '../../simulation/estimate.ts';
import { timelines } from '../connectivity.ts';
import { edgeEvents } from '../events.ts';
import { resolve, settingsOf } from '../settings.ts';

import { setupOf } from './node.ts';
import type { Parameters } from './parameters.ts';
import { type TunnelSetup, tunnelOutages } from './tunnel.ts';

/** A run of the suite, as it was recorded. */
export interface Recorded {
  dir: string;
  plan: Plan;
  history: History;
}

/** What the model has of the faults that the suite holds. */
const MODELLED = { 'network/offload-defect': 'defects', 'network/partition': 'fades' } as const;
type Kind = keyof typeof MODELLED;

const DRAWS = 400;
/** Fewer calibrating disconnects by a kind of fault have no spread to go by. */
const LEAST = 3;
/** Late enough for a session of any age. */
const FROM_MS = 600_000;
/** It bites while it is being injected: so long before that is said to be done, at most. */
const SLACK_MS = 5_000;

/** A fault of a recorded run that cut a tunnel. */
interface Cut {
  run: string;
  kind: Kind;
  /** From when it was injected until it was told to heal: it was in force for at least so long. */
  heldMs: number;
  /** The disconnect that was measured in it. */
  seenMs: number;
  setup: TunnelSetup;
}

/** What was seen in a run that the calibration did not know, and between what it was expected. */
interface HeldOut extends Omit<Cut, 'setup'> {
  predicted: Interval;
  within: boolean;
}

/** The model against recorded runs: of those with the same remedies every other one calibrates it, the rest is held out. */
export interface Calibration {
  calibrating: number;
  heldOut: HeldOut[];
  /** Share of those held out that lie within their intervals, in percent; Clopper–Pearson. */
  within: Estimate;
}

/**
 * The model says how long a tunnel is cut by a fault of such a length, with a session of any age. For how much longer than
 * it was told to a laboratory holds a fault is taken from the calibrating runs, where no watchdog had a hand in it.
 * @returns undefined where either half of the runs has no disconnect by a fault that the model has
 */
export function calibrate(runs: readonly Recorded[], parameters: Parameters): Calibration | undefined {
  // Profiles are recorded in turns: each has its halves.
  const halves = [...grouped(runs, ({ plan }) => JSON.stringify(settingsOf(resolve(plan)).remedies)).values()]
    .flatMap((alike) => alike.map((run, index) => ({ run, calibrates: index % 2 === 0 })))
    .map(({ run, calibrates }) => ({ calibrates, cuts: cutsOf(run, parameters) }));
  const known = halves
    .filter(({ calibrates }) => calibrates)
    .flatMap(({ cuts }) => cuts)
    .filter(({ seenMs, setup }) => !setup.watchdog || seenMs < setup.watchdog.deafAfter);
  const heldOut = halves
    .filter(({ calibrates }) => !calibrates)
    .flatMap(({ cuts }) => cuts)
    .flatMap(({ setup, ...cut }): HeldOut[] => {
      const longer = known
        .filter(({ kind }) => kind === cut.kind)
        .map(({ heldMs, seenMs }) => seenMs - heldMs);
      if (longer.length < LEAST) return [];
      const predicted = predict({ ...cut, setup }, longer, parameters.seed);
      return [{ ...cut, predicted, within: predicted.lower <= cut.seenMs && cut.seenMs <= predicted.upper }];
    });
  if (heldOut.length === 0) return undefined;
  const covered = heldOut.filter(({ within }) => within).length;
  return {
    calibrating: known.length,
    heldOut,
    within: sharePercent(covered, heldOut.length),
  };
}

function cutsOf({ dir, history, plan }: Recorded, parameters: Parameters): Cut[] {
  const { remedies, settings } = settingsOf(resolve(plan));
  const setup = setupOf(parameters, remedies);
  const held = heldFaults(history);
  return timelines(history)
    .filter(({ path }) => path === 'tunnel')
    .flatMap(({ node, outages, toHistoryMs }) =>
      held.flatMap(({ fromMono, kind, node: on, toMono }): Cut[] => {
        if (on !== node) return [];
        const lengths = outages
          .filter(({ fromMono: from, ms, open }) => {
            const at = from + toHistoryMs;
            return !open && ms >= settings.disconnectAfter && at >= fromMono - SLACK_MS && at <= toMono;
          })
          .map(({ ms }) => ms);
        const seenMs = quantile(lengths, 1);
        return seenMs === undefined ? [] : [{ run: dir, kind, heldMs: toMono - fromMono, seenMs, setup }];
      }),
    );
}

/** Faults that the model has, from when they were injected until they were told to heal, on the history's clock. */
function heldFaults(history: History) {
  const when = <Type extends 'fault.injected' | 'fault.healing'>(type: Type) =>
    new Map(eventsOf<EngineEvents[Type]>(history, type).map(({ body, mono }) => [body.fault, mono]));
  const [injected, healing] = [when('fault.injected'), when('fault.healing')];
  return edgeEvents(history, 'fault.planned').flatMap(({ body: { fault, kind, node } }) => {
    const [fromMono, toMono] = [injected.get(fault), healing.get(fault)];
    if (!(kind in MODELLED) || fromMono === undefined || toMono === undefined) return [];
    return [{ kind: kind as Kind, node, fromMono, toMono }];
  });
}

/** Disconnects by such a fault, each with another age of the session and another of the times that it is held longer. */
function predict({ heldMs, kind, setup }: Cut, longer: readonly number[], seed: number): Interval {
  const random = xoroshiro128plus(seed);
  const n = longer.length;
  const mean = longer.reduce((sum, ms) => sum + ms, 0) / n;
  const variance = longer.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / (n - 1);
  // The next of normal values of which so few were seen: its distribution is Student's.
  const spread = Math.sqrt(variance * (1 + 1 / n));
  const lengths = Array.from({ length: DRAWS }, (_, draw) => {
    const more = mean + spread * jstat.studentt.inv(uniformFloat64(random), n - 1);
    const span = { fromMs: FROM_MS, toMs: FROM_MS + Math.max(1, Math.round(heldMs + more)) };
    const link = { lossy: [], defects: [], fades: [], [MODELLED[kind]]: [span] };
    const outages = tunnelOutages(link, setup, xoroshiro128plus(seed + draw), Number.POSITIVE_INFINITY);
    return Math.max(0, ...outages.map(({ fromMs, toMs }) => toMs - fromMs));
  });
  const tail = (1 - CONFIDENCE) / 2;
  return { lower: quantile(lengths, tail) as number, upper: quantile(lengths, 1 - tail) as number };
}
