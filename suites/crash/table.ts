import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { grouped } from '../../harness/history/grouped.ts';

/** One lane by one signal in one series: what was killed, and what was left of it. */
const Row = z.strictObject({
  lane: z.string(),
  /** The signals, as `named` has them. */
  how: z.string(),
  seed: z.int(),
  kills: z.int().positive(),
  /** Of the kills, runs that had come to their end before. */
  ended: z.int().nonnegative(),
  left: z.array(z.string()),
  /** From a harness's end until nothing was left: the longest of all. */
  waitedMs: z.number().nonnegative(),
});
export type Row = z.infer<typeof Row>;

/** Rows of series that came before, and of this one as each is done: a series that is cut short keeps what it has. */
export function rowsIn(file: string): Row[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Row.parse(JSON.parse(line)));
}

export function appendRow(file: string, row: Row): void {
  appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** Markdown; a row for each lane and signal, whatever number of series they were killed in. */
export function crashTable(rows: readonly Row[]): string {
  const all = [...grouped(rows, ({ how, lane }) => `${lane} | ${how}`)];
  const lines = all.map(([name, of]) => {
    const waited = Math.max(...of.map(({ waitedMs }) => waitedMs)) / 1_000;
    return `| ${name} | ${counts(of)} | ${waited.toFixed(1)} s |`;
  });
  return [
    '| lane | signal | ended in the middle | had ended | left behind | until nothing was, at most |',
    '|---|---|---|---|---|---|',
    ...lines,
    `| all | | ${counts(rows)} | |`,
  ].join('\n');
}

function counts(rows: readonly Row[]): string {
  const total = (figure: (row: Row) => number) => rows.reduce((sum, row) => sum + figure(row), 0);
  const inTheMiddle = total(({ ended, kills }) => kills - ended);
  return [inTheMiddle, total(({ ended }) => ended), total(({ left }) => left.length)].join(' | ');
}
