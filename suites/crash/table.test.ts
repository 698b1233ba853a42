import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { appendRow, crashTable, type Row, rowsIn } from './table.ts';

const row = (more: Partial<Row>): Row => ({
  ...{ lane: 'kind', how: 'SIGKILL', seed: 1, kills: 3, ended: 0, left: [], waitedMs: 2_000 },
  ...more,
});

describe('the table of kills', () => {
  it('has a row for each lane and signal, over all series that are in the file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kills-'));
    try {
      const file = join(folder, 'kills.jsonl');
      expect(rowsIn(file)).to.deep.equal([]);
      appendRow(file, row({ ended: 1, waitedMs: 61_040 }));
      appendRow(file, row({ lane: 'netns', how: 'SIGTERM', left: ['file /tmp/a'] }));
      appendRow(file, row({ kills: 4, seed: 2 }));
      expect(crashTable(rowsIn(file)).split('\n').slice(2)).to.deep.equal([
        '| kind | SIGKILL | 6 | 1 | 0 | 61.0 s |',
        '| netns | SIGTERM | 3 | 0 | 1 | 2.0 s |',
        '| all | | 9 | 1 | 1 | |',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
