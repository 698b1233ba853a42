import type { Series, Trials } from '../harness/comparison/series.ts';
import type { Judged } from './judged.ts';

/** Of a whole run: a figure of it has one value, and can be compared only over several runs. */
export function once(judged: Judged): number[][] {
  return judged.measured === null ? [] : [[judged.measured]];
}

/** The trials behind a rate or a share in percent. */
export function trialsOf({ comparison, measured, samples }: Judged): Trials {
  const percent = measured ?? 0;
  const share = (comparison === '<=' ? percent : 100 - percent) / 100;
  return { bad: Math.round(share * samples), of: samples };
}

/** The trials behind a count of what must not be, at most one of which is taken of each. */
export function countedOf({ measured, samples }: Judged): Trials {
  return { bad: Math.min(measured ?? 0, samples), of: samples };
}

type Named = Pick<Series, 'requirement' | 'name' | 'margin'>;

/** Trials of a whole run, each with a luck of its own. */
export function independent(named: Named, trials: Trials): Series {
  return { ...named, unit: '%', kind: 'trials', independent: true, blocks: [trials] };
}
