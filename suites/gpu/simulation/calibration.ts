import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { Interval } from '../../../harness/comparison/exact.ts';
import type { History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import type { Plan } from '../../../harness/plan/schema.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import { nthStream } from '../../simulation/draw.ts';
import { CONFIDENCE, type Estimate, sharePercent } from '../../simulation/estimate.ts';
import { variantsOf } from '../ablation.ts';
import { resolve } from '../settings.ts';
import type { Parameters } from './parameters.ts';
import { type Fit, fitOf, type Observation, observe } from './recorded.ts';
import { replay } from './replay.ts';

/** A run of the suite, as it was recorded. */
export interface Recorded {
  dir: string;
  plan: Plan;
  history: History;
}

const DRAWS = 400;
/** Of fewer runs nobody knows by how much they differ. */
const LEAST = 2;

/** What was seen in a run that the calibration did not know, and between what it was expected. */
interface HeldOut {
  run: string;
  remedies: string;
  figure: 'false allocations' | 'bind p50' | 'bind p99';
  unit: '%' | 'ms';
  predicted: Interval;
  seen: number;
  within: boolean;
}

/** The model against recorded runs. */
export interface Calibration {
  /** Runs whose starts waited for nothing: of those with the same remedies every other one. */
  calibrating: number;
  /** What these told, all together: it stands in for the defaults of the parameters. */
  fit: Fit;
  heldOut: HeldOut[];
  /** Share of the figures held out that lie within their intervals, in percent; Clopper–Pearson. */
  within: Estimate;
}

/** What recorded runs had to bear and what was seen; those in which no pod was bound tell nothing. */
export function observed(runs: readonly Recorded[]): { dir: string; observation: Observation }[] {
  return runs.flatMap(({ dir, history, plan }) => {
    const observation = observe(resolve(plan), history);
    return observation ? [{ dir, observation }] : [];
  });
}

/**
 * The calibrating runs tell how long a start, an admission and an association take there. With that, the held-out runs'
 * own waves are replayed under their own remedies, each draw with what one of the calibrating runs told, for runs of one
 * machine differ more from each other than pods of one run.
 * @returns undefined where too few runs calibrate, or none is held out
 */
export function calibrate(
  runs: readonly { dir: string; observation: Observation }[],
  { driver, seed }: Parameters,
): Calibration | undefined {
  const seen = runs.map((run) => ({ ...run, fit: fitOf(run.observation) }));
  const halves = [
    ...grouped(seen, ({ observation }) => JSON.stringify(observation.remedies)).values(),
  ].flatMap((alike) =>
    alike.map((run, index) => ({ ...run, calibrates: run.fit !== undefined && index % 2 === 0 })),
  );
  const known = halves.filter(({ calibrates }) => calibrates);
  const fits = known.flatMap(({ fit }) => fit ?? []);
  const heldOut = halves
    .filter(({ calibrates }) => !calibrates)
    .flatMap(({ dir, observation }) => heldOutOf(dir, observation, fits, driver.lock, seed));
  if (heldOut.length === 0) return undefined;
  const together = fitOf(pooled(known.map(({ observation }) => observation)));
  if (!together) return undefined;
  return {
    calibrating: fits.length,
    fit: together,
    heldOut,
    within: sharePercent(heldOut.filter(({ within }) => within).length, heldOut.length),
  };
}

function heldOutOf(
  run: string,
  observation: Observation,
  fits: readonly Fit[],
  lockMs: number,
  seed: number,
): HeldOut[] {
  if (fits.length < LEAST || observation.starts === 0) return [];
  const random = nthStream(seed, 0);
  const draws = Array.from({ length: DRAWS }, (_, draw) =>
    replay(observation, fits[uniformInt(random, 0, fits.length - 1)] as Fit, lockMs, seed + draw),
  );
  const { bindMs, remedies, settings } = observation;
  const told = (
    figure: HeldOut['figure'],
    unit: HeldOut['unit'],
    of: (run: { starts: number; falseStarts: number; bindMs: number[] }) => number,
  ): HeldOut => {
    const values = draws.map(of);
    const tail = (1 - CONFIDENCE) / 2;
    const predicted = {
      lower: quantile(values, tail) as number,
      upper: quantile(values, 1 - tail) as number,
    };
    const value = of(observation);
    const within = predicted.lower <= value && value <= predicted.upper;
    return {
      run,
      remedies: nameOf(remedies, settings.gpusPerNode),
      figure,
      unit,
      predicted,
      seen: value,
      within,
    };
  };
  return [
    told('false allocations', '%', ({ falseStarts, starts }) => (100 * falseStarts) / starts),
    ...(bindMs.length === 0
      ? []
      : ([0.5, 0.99] as const).map((p) =>
          told(p === 0.5 ? 'bind p50' : 'bind p99', 'ms', (replayed) => quantile(replayed.bindMs, p) ?? 0),
        )),
  ];
}

function nameOf(remedies: Observation['remedies'], gpus: number): string {
  const same = variantsOf(gpus).find(([, other]) => JSON.stringify(other) === JSON.stringify(remedies));
  return same?.[0] ?? 'others';
}

/** All that calibrating runs saw, as if it were one run. */
function pooled(runs: readonly Observation[]): Observation {
  const [first] = runs;
  if (!first) throw new RangeError('there is no run to pool');
  const all = (of: (run: Observation) => number[]) => runs.flatMap(of);
  return {
    ...first,
    lateMs: all((run) => run.lateMs),
    admissionMs: all((run) => run.admissionMs),
    startMs: all((run) => run.startMs),
  };
}
