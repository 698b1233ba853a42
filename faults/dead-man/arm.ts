import { renewFault } from '../../clusters/gpu-node/control.ts';
import type { CommandUndo } from '../command-undo.ts';
import type { HealRecord } from '../journal.ts';
import { renewImpairment } from '../network/impairments.ts';
import type { FaultContext } from '../port.ts';
import { all, type DeadMan, leaseOf } from './dead-man.ts';
import { leased } from './leased.ts';
import { watch, watchedFault } from './watch.ts';

/**
 * Arms what heals a fault at its target, before it is injected.
 * @throws OrdealError FAULT_NOT_GUARDED (exit 4): then nothing may be injected.
 */
export async function arm(fault: string, record: HealRecord, context: FaultContext): Promise<DeadMan> {
  const { clock, runId } = context;
  const lease = leaseOf(context);
  if (record.by === 'commands') {
    const watches: DeadMan[] = [];
    for (const undo of byMachine(record.undo).values()) {
      const machine = undo[0]?.machine ?? [];
      try {
        watches.push(await watch({ ...lease, clock, fault: watchedFault(runId, fault), machine, undo }));
      } catch (error) {
        await all(watches).disarm();
        throw error;
      }
    }
    return all(watches);
  }
  if (record.by === 'gpu-knobs') {
    return all(
      record.nodes.map((node) =>
        leased({ ...lease, clock, renew: (until, now) => renewFault(node, record.fault, until, now) }),
      ),
    );
  }
  if (record.by === 'impairment') {
    const renew = (until: number, now: number) => renewImpairment(record.file, record.id, until, now);
    return leased({ ...lease, clock, renew });
  }
  // What ends with the harness, or harms nobody without it.
  return all([]);
}

function byMachine(undo: readonly CommandUndo[]): Map<string, CommandUndo[]> {
  const groups = new Map<string, CommandUndo[]>();
  for (const change of undo) {
    const key = JSON.stringify(change.machine);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return groups;
}
