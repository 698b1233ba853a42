import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History, type HistoryEvent } from '../../../harness/history/event.ts';
import type { PodSeen } from '../events.ts';
import { ledgerClocks } from '../ledger-clocks.ts';
import { joinLedgers, type Start } from '../ledgers.ts';

type Ledger<Type extends LedgerLine['type']> = Extract<LedgerLine, { type: Type }>;

/** One allocation of a device, and what its container saw of it. */
export interface Held {
  device: string;
  node: string;
  from: number;
  to: number;
  /** When the driver's association stood; undefined where it never did. */
  associatedAt: number | undefined;
  start: Start | undefined;
}

/** Every allocation that the plugins' ledgers have, to the end of its pod or to the device's next allocation. */
export function holdings(history: History): Held[] {
  const starts = new Map(joinLedgers(history).map((start) => [start.probes[0]?.allocation, start]));
  const ended = podEnds(history);
  const toHistory = ledgerClocks(history);
  const associated = new Map(
    eventsOf<Ledger<'driver.associated'>>(history, 'ledger.driver.associated').map((event) => [
      `${event.body.allocation} ${event.body.device}`,
      event.body.mono + toHistory(event.source),
    ]),
  );
  const last = new Map<string, Held>();
  return eventsOf<Ledger<'plugin.allocate'>>(history, 'ledger.plugin.allocate').flatMap((event) => {
    const { allocation, devices, mono } = event.body;
    const from = mono + toHistory(event.source);
    const start = starts.get(allocation);
    return devices.map((device) => {
      const before = last.get(device);
      if (before) before.to = Math.min(before.to, from);
      const to = Math.max(from, ended.get(start?.podUid ?? '') ?? endOf(history));
      const associatedAt = associated.get(`${allocation} ${device}`);
      const held: Held = { device, node: nodeOf(event), from, to, associatedAt, start };
      last.set(device, held);
      return held;
    });
  });
}

/** When a pod was first seen to be over, by uid. */
function podEnds(history: History): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { mono, body } of eventsOf<PodSeen>(history, 'pod.seen')) {
    const over = body.gone || body.phase === 'Succeeded' || body.phase === 'Failed';
    if (over && !ends.has(body.uid)) ends.set(body.uid, mono);
  }
  return ends;
}

export function nodeOf({ source }: HistoryEvent): string {
  return source.replace(/^node\//, '');
}

export function endOf(history: History): number {
  return history.at(-1)?.mono ?? 0;
}
