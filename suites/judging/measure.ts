import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../../harness/exec/exec.ts';
import { longHistory } from './periodic.ts';
import { SUBJECTS, type SubjectName } from './subjects.ts';

/** What judging one file took. */
export interface Judging {
  events: number;
  verdict: string;
  reasons: string[];
  /** JSON.parse of every line, and nothing else: no reader of this file can be quicker. */
  parseMs: number;
  readMs: number;
  judgeMs: number;
  /** The most memory that the process ever had. */
  mostBytes: number;
}

const MAIN = join(import.meta.dirname, 'main.ts');
/** More than Node takes of itself: a history is in memory as a whole. */
const HEAP_MIB = 14 << 10;

/** Writes a run of so many events, and judges it in a process of its own. */
export async function measureJudging(
  name: SubjectName,
  events: number,
  signal: AbortSignal,
): Promise<Judging> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const path = join(folder, 'events.jsonl');
    await pipeline(Readable.from(longHistory(SUBJECTS[name].run(), events)), createWriteStream(path), {
      signal,
    });
    const argv = [process.execPath, `--max-old-space-size=${HEAP_MIB}`, '--import', 'tsx', MAIN, name, path];
    const { stdout } = await run(argv, { timeoutMs: 0, signal });
    const judging = JSON.parse(stdout) as Judging;
    if (judging.verdict !== 'pass')
      throw new Error(`the sound run was judged ${judging.verdict}: ${judging.reasons}`);
    return judging;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
