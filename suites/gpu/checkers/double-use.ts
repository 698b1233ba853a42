import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import { type Judged, judgeFigure, type Target, tooFew } from '../../judged.ts';
import type { PodSeen } from '../events.ts';
import { ledgerClocks } from '../ledger-clocks.ts';
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

/** When each container was first seen to have ended for good, on the history's clock, by the name that PodResources has for it. */
function endsOf(history: History): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { body, mono } of eventsOf<PodSeen>(history, 'pod.seen')) {
    for (const { finished, name } of body.containers) {
      const container = nameOf(body.namespace, body.name, name);
      // Also of a pod that is gone: who deletes one by force says nothing of its containers.
      if (!finished) ends.delete(container);
      else if (!ends.has(container)) ends.set(container, mono);
    }
  }
  return ends;
}

function nameOf(namespace: string, pod: string, container: string): string {
  return `${namespace}/${pod}/${container}`;
}

/**
 * Devices that one listing of PodResources has for two containers that lived when it was made. A kubelet lists containers that
 * have ended as well, until it has cleaned up behind their pod, and meanwhile gives their devices to others: that is no double use.
 */
function listedTwice(history: History): Set<string> {
  const ends = endsOf(history);
  const toHistory = ledgerClocks(history);
  const twice = eventsOf<Listing>(history, 'ledger.podresources').flatMap(({ body, source }) => {
    // When it was asked for: what it has may be as old.
    const made = body.mono - Math.max(0, body.at - body.requestedAt) + toHistory(source);
    const holders = new Map<string, { namespace: string; pod: string }>();
    return body.pods.flatMap(({ container, devices, namespace, pod }) => {
      if ((ends.get(nameOf(namespace, pod, container)) ?? Infinity) <= made) return [];
      return devices.flatMap((device) => {
        const other = holders.get(device);
        holders.set(device, { namespace, pod });
        if (!other || (other.pod === pod && other.namespace === namespace)) return [];
        // Pods of two namespaces may have one name.
        const [one, two] =
          other.pod === pod ? [`${other.namespace}/${pod}`, `${namespace}/${pod}`] : [other.pod, pod];
        return [`PodResources lists ${device} for ${one} and ${two}`];
      });
    });
  });
  return new Set(twice);
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
  const twice = [...seen, ...listedTwice(history)];
  const reason =
    twice.length === 0
      ? `no device in two of ${starts.length} containers${shared.size > 0 ? `, by PodResources alone where devices are shared (${shared.size})` : ''}`
      : `${twice.length} devices in two live containers; first: ${twice[0]}`;
  const blind = starts.filter((start) => (unseen(start) ?? unwatched(start, looks)) !== undefined).length;
  const doubts = [...recordDoubts(history), ...tooFew(starts.length, target)];
  if (blind > 0) doubts.push(`${blind} containers could not be seen`);
  return judgeFigure(starts.length === 0 ? null : twice.length, starts.length, target, 'pairs', {
    reason,
    doubts,
  });
}
