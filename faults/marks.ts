import { existsSync } from 'node:fs';
import { readFaults } from '../clusters/gpu-node/control.ts';
import { tryRun } from '../harness/exec/exec.ts';
import { type CommandUndo, type Runner, stateOf } from './command-undo.ts';
import type { HealRecord } from './journal.ts';
import { asked } from './network/impairments.ts';

/**
 * What of a fault is still to be seen at its target, by nothing but what the journal knows of it: whatever the fault
 * says of itself.
 * @throws OrdealError FAULT_TARGET_UNREADABLE (exit 4).
 */
export async function marksLeft(record: HealRecord): Promise<string[]> {
  const left: string[] = [];
  if (record.by === 'commands') {
    for (const change of record.undo) {
      if ((await stateOf(change, runnerFor(change))) === 'there') left.push(change.what);
    }
  } else if (record.by === 'gpu-knobs') {
    for (const node of record.nodes) {
      const faults = existsSync(node.stateDir) ? await readFaults(node) : [];
      if (faults.some(({ id }) => id === record.fault)) left.push(`${record.fault}, asked of ${node.name}`);
    }
  } else if (record.by === 'impairment') {
    const impairments = await asked(record.file);
    if (impairments.some(({ id }) => id === record.id)) left.push(`${record.id}, asked of the relay`);
  }
  return left;
}

/** Leads a change's commands to its target. */
export function runnerFor({ enter, machine }: Pick<CommandUndo, 'enter' | 'machine'>): Runner {
  return (argv) => tryRun([...machine, ...enter, ...argv]);
}
