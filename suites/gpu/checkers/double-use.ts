import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { deviceOf, joinLedgers, type Start, unseen, unwatched } from '../ledgers.ts';
import { recordDoubts } from './doubts.ts';

type Listing = Extract<LedgerLine, { type: 'podresources' }>;

interface Use {
  device: string;
  pod: string;
  from: number;
  to: number;
}

/** Pairs of containers that could use one device at one time, by their own looks. */
function overlaps(uses: readonly Use[]): [Use, Use][] {
  const found: [Use, Use][] = [];
  for (const list of grouped(uses, ({ device }) => device).values()) {
    list.sort((a, b) => a.from - b.from);
    let widest: Use | undefined;
    for (const use of list) {
      if (widest && use.from <= widest.to && use.pod !== widest.pod) found.push([widest, use]);
      if (!widest || use.to > widest.to) widest = use;
    }
  }
  return found;
}

/** Devices that several containers may see: those handed out in shares, and those of which parts (MIG) are. */
function sharedDevices(starts: readonly Start[]): Set<string> {
  const shares = starts.flatMap(({ listed }) => listed ?? []).filter((id) => deviceOf(id) !== id);
  const parted = starts
    .filter(({ listed }) => listed?.some((id) => id.startsWith('MIG-')))
    .flatMap(({ probes }) => probes.flatMap(({ usable }) => usable.filter((id) => id.startsWith('GPU-'))));
  return new Set([...shares.map(deviceOf), ...parted]);
}

/**
 * GPU-2: no device is in two live containers, neither by what they can use nor by PodResources.
 * @param looks how many a container makes that ends by itself
 */
export function checkDoubleUse(history: History, target: Target, looks: number): Judged {
  const starts = joinLedgers(history);
  const shared = sharedDevices(starts);
  const uses: Use[] = [];
  for (const { pod, probes } of starts) {
    const from = probes[0]?.at ?? 0;
    const to = probes.at(-1)?.at ?? 0;
    for (const device of new Set(probes.flatMap(({ usable }) => usable)))
      if (!shared.has(device)) uses.push({ device, pod, from, to });
  }
  const seen = overlaps(uses).map(([a, b]) => `${a.device} in ${a.pod} and ${b.pod}`);
  const listed = eventsOf<Listing>(history, 'ledger.podresources').flatMap(({ body }) => {
    const holders = new Map<string, string>();
    return body.pods.flatMap(({ pod, devices }) =>
      devices.flatMap((device) => {
        const other = holders.get(device);
        holders.set(device, pod);
        return other && other !== pod ? [`PodResources lists ${device} for ${other} and ${pod}`] : [];
      }),
    );
  });
  const twice = [...seen, ...new Set(listed)];
  const reason =
    twice.length === 0
      ? `no device in two of ${starts.length} containers${shared.size > 0 ? `, by PodResources alone where devices are shared (${shared.size})` : ''}`
      : `${twice.length} devices in two live containers; first: ${twice[0]}`;
  const blind = starts.filter((start) => (unseen(start) ?? unwatched(start, looks)) !== undefined).length;
  const doubts = [...recordDoubts(history)];
  if (blind > 0) doubts.push(`${blind} containers could not be seen`);
  return judgeFigure(starts.length === 0 ? null : twice.length, starts.length, target, 'pairs', {
    reason,
    doubts,
  });
}
