import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter } from '../../harness/run/ports.ts';

const COLUMNS = ['id', 'verdict', 'measured', 'threshold', 'unit', 'samples', 'evidence', 'reason'] as const;

/** `requirements.csv`: a line a requirement, as RFC 4180 has it. */
export const csvReporter: Reporter = {
  name: 'csv',
  async report({ outDir, verdict }) {
    const path = join(outDir, 'requirements.csv');
    const rows = verdict.requirements.map((each) => COLUMNS.map((column) => cell(each[column])));
    await writeFile(path, [COLUMNS, ...rows].map((row) => `${row.join(',')}\r\n`).join(''));
    return [path];
  },
};

function cell(value: string | number | null): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
