import type { Summary } from './rounds.ts';

const HEAD = ['benchmark', 'figure', 'median', 'range', 'rounds', 'goal'];

/** A Markdown table. A range is left out where there was one round. */
export function table(summaries: readonly Summary[]): string {
  const rows = summaries.map(({ benchmark, figure, goal, least, median, most, rounds, unit }) => [
    benchmark,
    figure,
    shown(median, unit),
    rounds > 1 ? `${number(least)} – ${shown(most, unit)}` : '',
    String(rounds),
    goal === undefined ? '' : `≤ ${shown(goal, unit)}`,
  ]);
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function shown(value: number, unit: string): string {
  return unit === '' ? number(value) : `${number(value)} ${unit}`;
}

/** Three digits that count, and all those of a whole number. */
function number(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
