import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Verdict } from '../../harness/verdict/verdict.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'ordeal.mjs');

export interface Ended {
  code: number | null;
  output: string;
}

export interface Started {
  child: ChildProcess;
  /** Everything written so far. */
  output(): string;
  ended: Promise<Ended>;
}

/** The command itself, in a process of its own, as a pipeline runs it. */
export function start(...args: string[]): Started {
  return startAs({}, ...args);
}

/** The same as another user, or in another environment. */
export function startAs(as: Pick<SpawnOptions, 'uid' | 'gid' | 'env'>, ...args: string[]): Started {
  const child = spawn(process.execPath, [COMMAND, ...args], { ...as, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, output: text })),
  );
  return { child, output: () => text, ended };
}

export async function ordeal(...args: string[]): Promise<Ended> {
  return await start(...args).ended;
}

/** A folder for one run, outside of the scratch folders that the command calls its own. */
export function outFolder(): string {
  return mkdtempSync(join(tmpdir(), 'suite-test-'));
}

export function verdictIn(folder: string): Verdict {
  return Verdict.parse(JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')));
}

/** Each requirement's verdict by its id. */
export function verdicts(folder: string): Record<string, string> {
  return Object.fromEntries(verdictIn(folder).requirements.map(({ id, verdict }) => [id, verdict]));
}
