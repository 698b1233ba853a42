import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import { overlap } from '../../../faults/load/job-burst.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import { quantile, quantileUpperBound } from '../../../harness/verdict/bounds.ts';
import { levels } from '../../../harness/verdict/level.ts';
import { type Judged, judgeFigure, type Target, tooFew } from '../../judged.ts';
import { joinLedgers, lacking, usableAt, wantedBy, watchedNodes } from '../ledgers.ts';
import { recordDoubts } from './doubts.ts';

type Line<Type extends LedgerLine['type']> = Extract<LedgerLine, { type: Type }>;

/** What a latency of nothing may be below it, for what is left out is drawn and measured in fractions. */
const ROUNDING_MS = 1;

/** One allocation, on the clock of its node. */
export interface Binding {
  /** Its node, as the ledger's source names it. */
  source: string;
  fromMono: number;
  /** undefined, as `ms` is: its association never came. */
  toMono: number | undefined;
  ms: number | undefined;
}

/**
 * Ms from Allocate to the last association of each allocation, less what a fault injected into that association
 * itself and by which the fake driver's timers were late, for neither is the cluster's doing; waiting behind others
 * counts, with what was injected into theirs.
 */
export function bindLatencies(history: History): Binding[] {
  const associated = grouped(
    eventsOf<Line<'driver.associated'>>(history, 'ledger.driver.associated').map(({ body }) => body),
    ({ allocation }) => allocation,
  );
  const bindings = new Map<string, Binding>();
  for (const { body, source } of eventsOf<Line<'plugin.allocate'>>(history, 'ledger.plugin.allocate')) {
    const { allocation, devices, mono: fromMono } = body;
    // A line that came twice is one allocation, and a device that did is one association.
    if (bindings.has(allocation)) continue;
    const lines = associated.get(allocation) ?? [];
    const missing = new Set(lines.map(({ device }) => device)).size < devices.length;
    bindings.set(allocation, { source, fromMono, ...(missing ? NEVER : lastOf(lines, fromMono)) });
  }
  return [...bindings.values()];
}

const NEVER = { toMono: undefined, ms: undefined };

function lastOf(
  lines: readonly Line<'driver.associated'>[],
  fromMono: number,
): { toMono: number; ms: number } {
  let toMono = Number.NEGATIVE_INFINITY;
  let ms = Number.NEGATIVE_INFINITY;
  for (const { injectedMs, lateMs, mono } of lines) {
    toMono = Math.max(toMono, mono);
    ms = Math.max(ms, mono - fromMono - injectedMs - Math.max(0, lateMs));
  }
  return { toMono, ms };
}

/**
 * Ms from a container's first look to the first at which it could use all that it was given, where the GPUs are a vendor's
 * whose driver keeps no ledger; undefined where that never came. What had passed before the first look is not in it.
 */
function seenLatencies(history: History): (number | undefined)[] {
  return joinLedgers(history)
    .filter(({ watched }) => watched)
    .map((start) => {
      const [first] = start.probes;
      const well = start.probes.find(
        (probe) => lacking(start, probe).length === 0 && usableAt(probe).length >= wantedBy(start),
      );
      return first && well && well.at - first.at;
    });
}

/** GPU-4: the 99th percentile of the bind latency while several were wanted at once. */
export function checkBindLatency(history: History, target: Target): Judged {
  const vendors = watchedNodes(history).size > 0;
  // Of a node that has a ledger its ledger tells, also beside one that has none.
  const all = [...seenLatencies(history), ...bindLatencies(history).map(({ ms }) => ms)];
  // One that was stamped with no number is not known either.
  const bound = all.filter((latency): latency is number => Number.isFinite(latency));
  const missing = all.length - bound.length;
  const p99 = quantile(bound, 0.99);
  const { confidence } = levels[target.level];
  const upper = confidence === null ? null : quantileUpperBound(bound, 0.99, confidence);
  const burst = overlap(history);
  const doubts = [...recordDoubts(history)];
  if (!burst.seen) doubts.push('no burst was seen: never two allocations at once on a node');
  doubts.push(...tooFew(bound.length, target));
  if (missing > 0) doubts.push(`${missing} allocations were never associated`);
  const early = bound.filter((latency) => latency < -ROUNDING_MS).length;
  if (early > 0) doubts.push(`${early} associations took less time than what is left out of them`);
  const late = eventsOf<Line<'driver.associated'>>(history, 'ledger.driver.associated').map(
    ({ body }) => body.lateMs,
  );
  const lateness = Math.round(quantile(late, 0.99) ?? 0);
  const measure = vendors
    ? 'from a container’s first look to the first at which its GPUs were usable, for the vendor’s driver keeps no ledger'
    : `net of the injected delay and of this machine’s late timers (p99 ${lateness} ms)`;
  const reason = `p99 of ${bound.length} bindings, ${measure}; ${burst.evidence}`;
  const judged = judgeFigure(p99 ?? null, bound.length, target, 'ms', { reason, doubts });
  return { ...judged, confidence: upper === null ? null : confidence, upperBound: upper };
}
