import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { waitFor } from '../harness/clock/wait-for.ts';
import { processName, stillRuns } from '../harness/exec/born-at.ts';

/** A turn is a file that is read and another one that is written: who takes longer stands still. */
const TURN_MS = 10_000;
const LOOK_MS = 5;

const turns = new Map<string, LimitFunction>();

/**
 * Work that reads a file and replaces it, one after the other in this process and among the processes of this machine: a run,
 * a command by hand, a caretaker, who cleans. None undoes another's.
 * @throws OrdealError WAIT_DEADLINE (exit 4) where a process that lives does not let go of the file.
 */
export async function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  const turn = turns.get(path) ?? pLimit(1);
  turns.set(path, turn);
  return await turn(async () => {
    const letGo = await takeTurn(path);
    try {
      return await work();
    } finally {
      letGo();
    }
  });
}

/**
 * Lamport's bakery: each draws a number above all that it sees, and waits for those below. A number is a file that names its
 * process, so that nobody's is taken away before he is gone; number 0 has who is drawing.
 * @returns what lets the next one
 */
async function takeTurn(path: string): Promise<() => void> {
  const me = processName();
  const mine: string[] = [];
  const write = (number: number) => {
    mine.push(fileOf(path, { number, owner: me }));
    writeFileSync(mine.at(-1) as string, '');
  };
  const letGo = () => {
    for (const file of mine.splice(0)) rmSync(file, { force: true });
  };
  const wait = { what: `a turn at ${path}`, deadlineMs: TURN_MS, intervalMs: LOOK_MS };
  try {
    write(0);
    const number = 1 + Math.max(0, ...drawnAt(path).map((drawn) => drawn.number));
    write(number);
    rmSync(mine.shift() as string, { force: true });
    // Who is drawing may draw one below; who begins to afterwards draws one above.
    const drawing = (other: Drawn) => other.number === 0;
    await waitFor(() => !isLiving(path, (other) => other.owner !== me && drawing(other)), wait);
    const before = (other: Drawn) =>
      !drawing(other) && (other.number < number || (other.number === number && other.owner < me));
    await waitFor(() => !isLiving(path, before), wait);
    return letGo;
  } catch (error) {
    letGo();
    // Without its folder there is no such file, and nobody at it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return letGo;
    throw error;
  }
}

interface Drawn {
  number: number;
  /** As `processName` has it. */
  owner: string;
}

function fileOf(path: string, { number, owner }: Drawn): string {
  return `${path}.turn-${number}-${owner}`;
}

/** Whether there is one by a process that lives; those of others are taken away. */
function isLiving(path: string, which: (drawn: Drawn) => boolean): boolean {
  const found = drawnAt(path).filter(which);
  const gone = found.filter(({ owner }) => !stillRuns(owner));
  for (const drawn of gone) rmSync(fileOf(path, drawn), { force: true });
  return gone.length < found.length;
}

function drawnAt(path: string): Drawn[] {
  const prefix = `${basename(path)}.turn-`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => {
      const [, number, owner] = /^(\d+)-(.+)$/.exec(name.slice(prefix.length)) ?? [];
      return number === undefined || owner === undefined ? [] : [{ number: Number(number), owner }];
    });
}
