import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History, type HistoryEvent } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import type { Lane, LaneGroup, Point, Span, Track } from '../../../harness/history/timeline.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';
import { podClocks } from '../ledger-clocks.ts';
import { lacking } from '../ledgers.ts';
import { endOf, type Held, holdings, nodeOf } from './holdings.ts';

type Ledger<Type extends LedgerLine['type']> = Extract<LedgerLine, { type: Type }>;

/** The lanes of this suite: jobs and pods, each node's plugin, each device's allocated against usable. */
export function timeline(history: History): LaneGroup[] {
  const devices = deviceLanes(history);
  return [
    {
      title: 'Pods',
      note: 'How many pods were in each phase, and when a Job was created.',
      lanes: [{ title: 'all nodes', tracks: [...podTracks(history), jobTrack(history)] }],
    },
    {
      title: 'GPU nodes',
      note: 'The device plugin as it served, and what the node told the scheduler that it has.',
      lanes: nodeLanes(history),
    },
    ...[...devices].map(([node, lanes]) => ({
      title: `Devices of ${node}`,
      note:
        'Above, allocated: waiting until the driver’s association stood, then neutral. Below, usable: what the ' +
        'container found at each look; bad is allocated and not usable.',
      lanes,
    })),
  ].filter(({ lanes }) => lanes.some(({ tracks }) => tracks.length > 0));
}

function jobTrack(history: History): Track {
  const created = eventsOf<SuiteEvents['job.created']>(history, 'job.created');
  const marks = created.map(({ mono, body }) => ({ at: mono, label: `${body.job}, ${body.replicas} pods` }));
  return { kind: 'marks', name: 'Jobs created', marks };
}

/** A line a phase that any pod was in. */
function podTracks(history: History): Track[] {
  const phases = new Map<string, string>();
  const counts = new Map<string, number>();
  const lines = new Map<string, Point[]>();
  const change = (mono: number, phase: string, by: number): void => {
    const count = (counts.get(phase) ?? 0) + by;
    counts.set(phase, count);
    if (!lines.has(phase)) lines.set(phase, [[0, 0]]);
    lines.get(phase)?.push([mono, count]);
  };
  for (const { mono, body } of eventsOf<PodSeen>(history, 'pod.seen')) {
    const before = phases.get(body.uid);
    const now = body.gone ? undefined : body.phase;
    if (before === now) continue;
    if (before !== undefined) change(mono, before, -1);
    if (now !== undefined) change(mono, now, 1);
    if (now === undefined) phases.delete(body.uid);
    else phases.set(body.uid, now);
  }
  return [...lines].map(([name, points]) => ({ kind: 'line', name, unit: 'pods', points, step: true }));
}

function nodeLanes(history: History): Lane[] {
  const allocatable = grouped(
    eventsOf<SuiteEvents['node.allocatable']>(history, 'node.allocatable'),
    ({ body }) => body.node,
  );
  const lines = grouped(
    history.filter(({ type }) => type === 'ledger.plugin.registered' || type === 'ledger.plugin.stopped'),
    nodeOf,
  );
  return [...new Set([...lines.keys(), ...allocatable.keys()])].sort().map((node) => ({
    title: node,
    tracks: [
      { kind: 'spans', name: 'plugin', spans: servingSpans(history, lines.get(node) ?? []) },
      ...[...grouped(allocatable.get(node) ?? [], ({ body }) => body.resource)].map(
        ([resource, seen]): Track => ({
          kind: 'line',
          name: resource,
          unit: 'allocatable',
          points: seen.map(({ mono, body }) => [mono, body.allocatable]),
          step: true,
        }),
      ),
    ],
  }));
}

function servingSpans(history: History, lines: readonly HistoryEvent[]): Span[] {
  const spans: Span[] = [];
  for (const [index, { mono, type }] of lines.entries()) {
    const to = lines[index + 1]?.mono ?? endOf(history);
    if (type === 'ledger.plugin.registered')
      spans.push({ from: mono, to, tone: 'neutral', label: 'registered' });
    else spans.push({ from: mono, to, tone: 'waiting', label: 'stopped, not registered' });
  }
  return spans;
}

/** By node; every device that a plugin ever listed, in its own order. */
function deviceLanes(history: History): Map<string, Lane[]> {
  const listed = new Map<string, Set<string>>();
  for (const event of eventsOf<Ledger<'plugin.devices'>>(history, 'ledger.plugin.devices')) {
    const { healthy, unhealthy } = event.body;
    listed.set(nodeOf(event), new Set([...(listed.get(nodeOf(event)) ?? []), ...healthy, ...unhealthy]));
  }
  const held = grouped(holdings(history), ({ device }) => device);
  for (const { device, node } of [...held.values()].flat()) {
    listed.set(node, new Set([...(listed.get(node) ?? []), device]));
  }
  const lost = lostSpans(history);
  const toHistory = podClocks(history);
  const nodes = [...listed].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return new Map(
    nodes.map(([node, devices]) => [
      node,
      [...devices]
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
        .map((device) => deviceLane(device, held.get(device) ?? [], lost.get(device) ?? [], toHistory)),
    ]),
  );
}

function deviceLane(
  device: string,
  held: readonly Held[],
  lost: readonly Span[],
  toHistory: (node: string) => number,
): Lane {
  const tracks: Track[] = [
    { kind: 'spans', name: 'allocated', spans: held.flatMap(allocatedSpans) },
    { kind: 'spans', name: 'usable', spans: held.flatMap((each) => usableSpans(each, toHistory)) },
  ];
  if (lost.length > 0) tracks.push({ kind: 'spans', name: 'lost', spans: lost });
  return { title: device, tracks };
}

function allocatedSpans({ from, to, associatedAt, start }: Held): Span[] {
  const pod = start?.pod ?? 'a container that said nothing';
  const stood = Math.min(associatedAt ?? to, to);
  const spans: Span[] = [];
  if (stood > from) spans.push({ from, to: stood, tone: 'waiting', label: `${pod}: not yet associated` });
  if (to > stood) spans.push({ from: stood, to, tone: 'neutral', label: `${pod}: associated` });
  return spans;
}

/** From each look of the container to its next one, to the device's release after the last. */
function usableSpans({ device, from, to, start }: Held, toHistory: (node: string) => number): Span[] {
  const offset = toHistory(start?.node ?? '');
  return (start?.probes ?? []).flatMap((probe, index, probes): Span[] => {
    const next = probes[index + 1];
    const span = {
      from: Math.max(from, probe.at + offset),
      to: Math.min(to, next ? next.at + offset : to),
    };
    if (span.to <= span.from || !start) return [];
    return lacking(start, probe).includes(device)
      ? [{ ...span, tone: 'bad', label: `${start.pod}: allocated, not usable at look ${probe.n}` }]
      : [{ ...span, tone: 'good', label: `${start.pod}: usable` }];
  });
}

function lostSpans(history: History): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { mono, body } of eventsOf<Ledger<'driver.lost'>>(history, 'ledger.driver.lost')) {
    const back = eventsOf<Ledger<'driver.restored'>>(history, 'ledger.driver.restored').find(
      (event) => event.body.device === body.device && event.mono >= mono,
    );
    const span: Span = {
      from: mono,
      to: back?.mono ?? endOf(history),
      tone: 'held',
      label: 'lost by the driver',
    };
    spans.set(body.device, [...(spans.get(body.device) ?? []), span]);
  }
  return spans;
}
