import type { Estimate } from './estimate.ts';

/** Three significant digits, and never as a power of ten. */
export function figure(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1e-6 || rounded === 0 ? String(rounded) : '< 0.000001';
}

/** A figure with its interval. */
export function shown({ figure: value, lower, upper }: Estimate): string {
  return upper === null ? figure(value) : `${figure(value)} (${figure(lower)}–${figure(upper)})`;
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}
