import type { Summary } from './rounds.ts';

const HEAD = ['benchmark', 'figure', 'median', 'range', 'measured', 'goal', ''];

/** A Markdown table. A range is left out where there was one round. */
export function table(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => {
    const { atLeast, benchmark, figure, goal, least, median, most, rounds, unit } = summary;
    return [
      benchmark,
      figure,
      shown(median, unit),
      rounds > 1 ? `${number(least)} – ${shown(most, unit)}` : '',
      `${rounds} ×`,
      goal !== undefined
        ? `≤ ${shown(goal, unit)}`
        : atLeast !== undefined
          ? `≥ ${shown(atLeast, unit)}`
          : '',
      outcome(summary),
    ];
  });
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** By the median. */
function outcome({ atLeast, goal, median }: Summary): string {
  if (goal === undefined && atLeast === undefined) return '';
  return median <= (goal ?? median) && median >= (atLeast ?? median) ? 'met' : 'missed';
}

function shown(value: number, unit: string): string {
  return unit === '' ? number(value) : `${number(value)} ${unit}`;
}

/** Three digits that count, and all those of a whole number. */
function number(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
