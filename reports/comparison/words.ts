import type {
  ComparedFigure,
  ComparedRequirement,
  ComparedSide,
} from '../../harness/comparison/comparison.ts';
import { figure } from '../figure.ts';

/** The header over what `figureCells` gives. */
export const FIGURE_HEADER = [
  'figure',
  'baseline',
  'candidate',
  'difference',
  'interval',
  'margin',
  'p',
  'standing',
];

/** What every format says of a figure, in the order of a table. */
export function figureCells(compared: ComparedFigure): string[] {
  const { adjusted, baseline, candidate, difference, interval, margin, name, standing, unit } = compared;
  return [
    name,
    `${figure(baseline.figure, unit)} (${baseline.samples})`,
    `${figure(candidate.figure, unit)} (${candidate.samples})`,
    signed(difference, unit),
    interval === null ? '–' : `${signed(interval.lower, '')} to ${signed(interval.upper, unit)}`,
    `±${figure(margin, unit)}`,
    adjusted === null ? '–' : adjusted < 1e-4 ? '< 0.0001' : String(Number(adjusted.toPrecision(2))),
    standing,
  ];
}

/** How a requirement stands: `worse`, `unknown (not worse)`, `left out`. */
export function standingWord({ notWorse, skipped, standing }: ComparedRequirement): string {
  if (skipped) return 'left out';
  return standing === 'unknown' && notWorse ? 'unknown (not worse)' : standing;
}

/** A side in one line. */
export function sideText({ evidence, name, provider, runs, versions }: ComparedSide): string {
  const found = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  const outcomes = runs.map(({ verdict }) => verdict).join(', ');
  return `${name}: ${[provider, evidence, ...found].join(', ')}; runs: ${outcomes}`;
}

function signed(value: number | null, unit: string): string {
  return value !== null && value > 0 ? `+${figure(value, unit)}` : figure(value, unit);
}
