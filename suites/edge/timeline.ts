import type { History } from '../../harness/history/event.ts';
import { grouped } from '../../harness/history/grouped.ts';
import type { Lane, LaneGroup, Mark, Point, Span, Track } from '../../harness/history/timeline.ts';
import { type Timeline, timelines } from './connectivity.ts';
import { edgeEvents, type PodSeen } from './events.ts';

type Sample = { mono: number; rxBytes: number; txBytes: number; inCsumErrors: number; ageMs: number | null };

/** WireGuard's tools give a handshake's time in whole seconds, and no two handshakes are closer than its 5 s timer. */
const SAME_HANDSHAKE_MS = 2_500;

/** The lanes of this suite: a node a lane, and the cloud's broker. */
export function timeline(history: History): LaneGroup[] {
  const ways = grouped(timelines(history), ({ node }) => node);
  const samples = samplesByNode(history);
  const pods = grouped(edgeEvents(history, 'collector.seen'), ({ body }) => body.node ?? '');
  const nodes = [...new Set([...ways.keys(), ...samples.keys()])].sort();
  const lanes = nodes.map((node): Lane => {
    const seen = samples.get(node) ?? [];
    return {
      title: node,
      tracks: [
        ...(ways.get(node) ?? []).map(wayTrack),
        { kind: 'spans', name: 'pod', spans: podSpans(history, (pods.get(node) ?? []).map(podAt)) },
        { kind: 'marks', name: 'handshakes', marks: handshakes(seen) },
        rateTrack('received', seen, ({ rxBytes }) => rxBytes),
        rateTrack('sent', seen, ({ txBytes }) => txBytes),
        checksumTrack(seen),
        { kind: 'marks', name: 'watchdog', marks: restarts(history, node) },
      ],
    };
  });
  const groups: LaneGroup[] = [
    {
      title: 'Edge nodes',
      note:
        'Tunnel and host: whether probes to the cloud were answered; bad is a gap. Pod: good is Ready, waiting is ' +
        'Running and not Ready. Then the tunnel’s handshakes, its bytes as the edge’s end counts them, and the ' +
        'datagrams that the cloud’s end dropped for their checksum (InCsumErrors), which nodes that share a cloud share.',
      lanes,
    },
    {
      title: 'Cloud',
      note: 'Whether the MQTT broker was up.',
      lanes: [{ title: 'broker', tracks: [{ kind: 'spans', name: 'up', spans: brokerSpans(history) }] }],
    },
  ];
  return groups.map((group) => ({ ...group, lanes: group.lanes.map(withoutEmpty) }));
}

/** What one prober saw: answered from its first probe to its last, but for the gaps. */
function wayTrack({ path, outages, runs, toHistoryMs }: Timeline): Track {
  const spans: Span[] = [];
  let from = runs[0]?.fromMono ?? 0;
  const add = (span: Span) => {
    if (span.to > span.from)
      spans.push({ ...span, from: span.from + toHistoryMs, to: span.to + toHistoryMs });
  };
  for (const { fromMono, toMono, ms, open, lost } of outages) {
    add({ from, to: fromMono, tone: 'good', label: 'answered' });
    const label = `gap of ${(ms / 1_000).toFixed(2)} s, ${lost} probes lost${open ? ', open at the end' : ''}`;
    add({ from: fromMono, to: toMono, tone: 'bad', label });
    from = toMono;
  }
  add({ from, to: runs.at(-1)?.toMono ?? from, tone: 'good', label: 'answered' });
  return { kind: 'spans', name: path, spans };
}

function podAt({ mono, body }: { mono: number; body: PodSeen }): PodSeen & { mono: number } {
  return { ...body, mono };
}

function podSpans(history: History, seen: readonly (PodSeen & { mono: number })[]): Span[] {
  return [...grouped(seen, ({ uid }) => uid).values()].flatMap((states) =>
    states.flatMap((state, index): Span[] => {
      const { gone, mono, name, phase, ready, restarts } = state;
      if (gone) return [];
      const to = states[index + 1]?.mono ?? history.at(-1)?.mono ?? mono;
      const label = `${name}: ${phase}, ${ready ? 'Ready' : 'not Ready'}, ${restarts} restarts`;
      return [{ from: mono, to, tone: ready ? 'good' : 'waiting', label }];
    }),
  );
}

function samplesByNode(history: History): Map<string, Sample[]> {
  const events = edgeEvents(history, 'tunnel.sample');
  return new Map(
    [...grouped(events, ({ body }) => body.node)].map(([node, seen]) => [
      node,
      seen.map(({ mono, body }) => ({ ...body, mono, ageMs: body.handshakeAgeMs })),
    ]),
  );
}

/** Each handshake once, however often its age was read. */
function handshakes(samples: readonly Sample[]): Mark[] {
  const marks: Mark[] = [];
  for (const { ageMs, mono } of samples) {
    if (ageMs === null) continue;
    const at = mono - ageMs;
    if (at - (marks.at(-1)?.at ?? -Infinity) > SAME_HANDSHAKE_MS) marks.push({ at, label: 'handshake' });
  }
  return marks;
}

/** Bytes a second between two samples; a gap where the counter started again. */
function rateTrack(name: string, samples: readonly Sample[], bytesOf: (sample: Sample) => number): Track {
  const points = samples.slice(1).map((sample, index): Point => {
    const before = samples[index] as Sample;
    const bytes = bytesOf(sample) - bytesOf(before);
    const seconds = (sample.mono - before.mono) / 1_000;
    return [sample.mono, bytes < 0 || seconds <= 0 ? null : bytes / 1_000 / seconds];
  });
  return { kind: 'line', name, unit: 'kB/s', points, step: false };
}

/** Since the first sample, over all of the counter's starts. */
function checksumTrack(samples: readonly Sample[]): Track {
  let total = 0;
  const points = samples.map(({ inCsumErrors, mono }, index): Point => {
    const before = samples[index - 1]?.inCsumErrors;
    // Of a counter that started again, all that it has is new.
    if (before !== undefined) total += inCsumErrors < before ? inCsumErrors : inCsumErrors - before;
    return [mono, total];
  });
  return { kind: 'line', name: 'InCsumErrors', unit: 'dropped', points, step: true };
}

function restarts(history: History, node: string): Mark[] {
  return edgeEvents(history, 'watchdog.restarted')
    .filter(({ body }) => body.node === node)
    .map(({ mono, body }) => ({ at: mono, label: `tunnel restarted: ${body.reason}` }));
}

function brokerSpans(history: History): Span[] {
  const seen = edgeEvents(history, 'ledger.cloud.broker');
  return seen.map(({ mono, body }, index) => ({
    from: mono,
    to: seen[index + 1]?.mono ?? history.at(-1)?.mono ?? mono,
    tone: body.up ? 'good' : 'held',
    label: body.up ? 'up' : 'down',
  }));
}

/** A row in which nothing was ever seen says nothing. */
function withoutEmpty({ title, tracks }: Lane): Lane {
  const seen = (track: Track) =>
    (track.kind === 'spans' ? track.spans : track.kind === 'marks' ? track.marks : track.points).length > 0;
  return { title, tracks: tracks.filter(seen) };
}
