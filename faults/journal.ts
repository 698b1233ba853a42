import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { removeFault } from '../clusters/gpu-node/control.ts';
import { EXIT, messageOf, OrdealError } from '../harness/errors/error.ts';
import { isAlive, thisProcess } from '../harness/exec/born-at.ts';
import { readPresent } from '../harness/exec/read-present.ts';
import { statePath } from '../harness/run/state-dir.ts';
import { CommandUndo, takeBack } from './command-undo.ts';
import { endWatches, watchedFor } from './dead-man/sweep.ts';
import { watchedFault } from './dead-man/watch.ts';
import { runnerFor } from './marks.ts';
import { removeImpairment } from './network/impairments.ts';

/** How to heal a fault without the process that injected it. */
export const HealRecord = z.discriminatedUnion('by', [
  /** Take it out of what the fake GPU nodes are asked for. */
  z.strictObject({
    by: z.literal('gpu-knobs'),
    fault: z.string(),
    nodes: z.array(z.strictObject({ name: z.string(), stateDir: z.string() })),
  }),
  /** The load goes with the cluster or the namespace that it was put in; nothing on a node was changed. */
  z.strictObject({ by: z.literal('namespace'), namespace: z.string(), cluster: z.string() }),
  /** Take back changes of kernels, in this order. */
  z.strictObject({ by: z.literal('commands'), undo: z.array(CommandUndo) }),
  /** Take it out of what a relay of the network lab is asked for. */
  z.strictObject({ by: z.literal('impairment'), file: z.string(), id: z.string() }),
  /** What was broken is a process that ends with the harness, however that goes. */
  z.strictObject({ by: z.literal('lifeline'), what: z.string() }),
]);
export type HealRecord = z.infer<typeof HealRecord>;

const Entry = z.strictObject({
  run: z.string(),
  fault: z.string(),
  kind: z.string(),
  /** For people; entries of before they were recorded have neither. */
  target: z.string().optional(),
  /** Wall ms at which its dead-man heals it at the latest. */
  deadlineWall: z.number().optional(),
  /** Of the process that holds the fault; a PID alone is given out again, and only /proc tells when it was born. */
  pid: z.int(),
  born: z.string().optional(),
  record: HealRecord,
});
type Entry = z.infer<typeof Entry>;

/** What the run of a fault that was injected by hand is called first. */
export const HAND_RUN = 'by-hand-';

function journalDir(): string {
  return statePath('journal');
}

export interface JournalEntry {
  /** After the fault was seen to be gone. */
  forget(): void;
}

/**
 * Writes down how to heal, on the disk before it returns.
 * @throws OrdealError JOURNAL_UNWRITABLE (exit 4) where it is not durable: then nothing may be injected.
 */
export function journal(entry: Omit<Entry, 'pid' | 'born'>, dir = journalDir()): JournalEntry {
  const path = join(dir, `${entry.run}-${entry.fault}.json`);
  try {
    write(path, JSON.stringify({ ...entry, ...thisProcess() }), dir);
  } catch (error) {
    // Nothing will be injected that it could heal.
    for (const left of [path, freshOf(path)]) removeIfThere(left);
    throw unwritable(entry, dir, error);
  }
  return { forget: () => rmSync(path, { force: true }) };
}

function write(path: string, text: string, dir: string): void {
  const made = mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = openSync(freshOf(path), 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(freshOf(path), path);
  // A name is durable only once the folder that it is in is.
  for (const folder of foldersBetween(made, dir)) syncFolder(folder);
}

function freshOf(path: string): string {
  return `${path}.new`;
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where its folder is none, it is not there either.
  }
}

function unwritable(
  { fault, kind }: Pick<Entry, 'fault' | 'kind'>,
  dir: string,
  cause: unknown,
): OrdealError {
  return new OrdealError({
    code: 'JOURNAL_UNWRITABLE',
    exit: EXIT.unable,
    tried: `writing down how to heal ${fault} (${kind}) in ${dir}, before it is injected`,
    seen: `${messageOf(cause)}; it was not injected`,
    todo: 'make room there, or name another folder with XDG_STATE_HOME, then run again',
    cause,
  });
}

/** The journal's folder and, where folders had to be made for it, each that had to take in a new name. */
function foldersBetween(made: string | undefined, dir: string): string[] {
  const folders = [dir];
  if (made === undefined) return folders;
  for (let folder = dir; folder !== dirname(made); ) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Heals what runs that are gone have left in the journal; names each. Safe to repeat.
 * @throws OrdealError FAULTS_NOT_HEALED (exit 4) after all were tried; those that failed stay in the journal.
 */
export async function healJournal(dir = journalDir()): Promise<string[]> {
  if (!existsSync(dir)) return [];
  const healed: string[] = [];
  const failed: string[] = [];
  const settled = new Set<string>();
  for (const name of readdirSync(dir).filter((file) => file.endsWith('.json'))) {
    const path = join(dir, name);
    const text = readPresent(path);
    // Healed since it was listed.
    if (text === undefined) continue;
    const entry = entryIn(text);
    if (!entry) failed.push(`${path} is no entry of this version's`);
    if (!entry || isAlive(entry)) continue;
    const { fault, kind, record, run } = entry;
    try {
      await healBy(record);
    } catch (error) {
      failed.push(`fault ${kind} of run ${run}: ${messageOf(error)}`);
      continue;
    }
    rmSync(path, { force: true });
    settled.add(watchedFor(entry, watchedFault(run, fault)));
    healed.push(`fault ${kind} of run ${run}`);
  }
  endWatches(settled);
  if (failed.length === 0) return healed;
  throw new OrdealError({
    code: 'FAULTS_NOT_HEALED',
    exit: EXIT.unable,
    tried: 'healing what runs that are gone have left',
    seen: failed.join('\n'),
    todo: 'mend what is named there, then run `ordeal clean` again',
  });
}

/** A fault that the journal lists. */
export interface HeldFault {
  /** Unique: `RUN/FAULT`. */
  id: string;
  kind: string;
  /** Whether its run, or the command that holds it, lives. */
  held: boolean;
  /** Whether it was injected by hand. */
  byHand: boolean;
  pid: number;
  target?: string | undefined;
  deadlineWall?: number | undefined;
}

/** What the journal lists, in the order of its names. What is no entry of this version’s is left to `healJournal`. */
export function heldFaults(dir = journalDir()): HeldFault[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const entry = entryIn(readPresent(join(dir, name)) ?? '');
      if (!entry) return [];
      const { deadlineWall, fault, kind, pid, run, target } = entry;
      const id = watchedFault(run, fault);
      return [
        { id, kind, held: isAlive(entry), byHand: run.startsWith(HAND_RUN), pid, target, deadlineWall },
      ];
    });
}

function entryIn(text: string): Entry | undefined {
  try {
    return Entry.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function healBy(record: HealRecord): Promise<void> {
  if (record.by === 'gpu-knobs') {
    for (const node of record.nodes) {
      // A node that is gone took the fault with it.
      if (existsSync(node.stateDir)) await removeFault(node, record.fault);
    }
  } else if (record.by === 'commands') {
    for (const change of record.undo) {
      await takeBack(change, runnerFor(change));
    }
  } else if (record.by === 'impairment') {
    await removeImpairment(record.file, record.id);
  }
}
