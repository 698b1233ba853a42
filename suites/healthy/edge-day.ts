import type { History, HistoryEvent } from '../../harness/history/event.ts';
import { Story } from '../edge/testing/story.ts';
import { FAULT } from '../edge/testing/whole-day.ts';
import { recorded } from './recorded.ts';

const CUT_AT_MS = 20_000;
const STARTED_MS = 10;
const PARTITION = { fault: FAULT, kind: 'network/partition', target: 'link', mechanism: 'm' };

/** What a sound plant may be like. Times are ms. */
export interface EdgeShape {
  /** The first is the one that is cut off. */
  nodes: string[];
  namespace: string;
  cutMs: number;
  /** From the cut to the pod’s not being Ready. */
  noticedMs: number;
  /** Measurements of each publisher. */
  messages: number;
  seconds: number;
  /** When the publishers started; half way through unless told. */
  publishedFromMs?: number;
  duplicates: number;
  reordered: number;
  /** What the programs’ clock is off by, besides what it always is. */
  clockMs: number;
  /** From a line’s writing to its being in the record; lines of one program stay in their order. */
  lateMs(): number;
}

/** A day of a plant of this shape on which all is as it should be: what the suite would have recorded of it. */
export function edgeDay(shape: EdgeShape): History {
  const { cutMs, messages, namespace, nodes, noticedMs, seconds } = shape;
  const end = seconds * 1_000;
  const { publishedFromMs = end / 2 } = shape;
  const cut = [CUT_AT_MS, CUT_AT_MS + cutMs] as const;
  const [first] = nodes as [string];
  const story = new Story()
    .engine(-STARTED_MS, 'run.started', {
      ...{ runId: 'healthy', ordeal: '0.1.0', seed: 1, profile: 'hardened', level: 'smoke' },
      replay: 'npm run healthy',
    })
    .engine(-5, 'cluster.up', {
      ...{ name: 'healthy', provider: 'embedded', versions: {}, evidence: 'modelled', nodes },
    })
    .say(0, 'network.up', { isolation: 'process', evidence: 'modelled', versions: {}, nodes })
    .ledger(10, 'cloud', {
      type: 'cloud.started',
      clock: 'boot-1',
      broker: 'aedes',
      echoes: ['tunnel', 'host'],
    })
    .engine(4_000, 'steady.reached', { suite: 'edge', measured: {} })
    .fault(FAULT, first, cut)
    .engine(CUT_AT_MS + 2, 'fault.injected', { ...PARTITION, detail: null })
    .engine(CUT_AT_MS + 500, 'fault.bit', { fault: FAULT, bit: true, evidence: 'silence' })
    .say(end - 4_000, 'publishing.cutoff', {})
    .say(end - 3_000, 'observation.ended', {})
    .ledger(end + 10, 'cloud', { type: 'cloud.ended' })
    .pod(CUT_AT_MS + noticedMs, first, { namespace, ready: false })
    .pod(cut[1] + 2_000, first, { namespace });
  for (const [index, node] of nodes.entries()) {
    const dead = index === 0 ? [cut] : [];
    const { duplicates, reordered } = index === 0 ? shape : { duplicates: 0, reordered: 0 };
    const all: [number, number][] = [[0, messages - 1]];
    story
      .probe(node, 'tunnel', [100, end], dead)
      .probe(node, 'host', [100, end])
      .samples(node, [100, end], dead)
      .pod(50, node, { namespace })
      .published(
        node,
        { attempted: all },
        { received: all, duplicates, reordered },
        { mono: publishedFromMs, until: end - 500 },
      );
  }
  const from0 = story.events.map((event) => ({ ...event, mono: event.mono + STARTED_MS }));
  return ended(shape, from0, end);
}

/** As it came to the recorder: ledgers late and on their own clock, and the run’s end last of all. */
function ended({ clockMs, lateMs }: EdgeShape, events: History, end: number): History {
  const cameAt = new Map<string, number>();
  const late = events.map((event): HistoryEvent => {
    if (!event.type.startsWith('ledger.')) return event;
    const { mono: own, ...rest } = event.body as { mono: number };
    const mono = Math.max(cameAt.get(event.source) ?? 0, event.mono + lateMs());
    cameAt.set(event.source, mono);
    const body = { ...rest, mono: own + clockMs, ...shifted(rest, clockMs) };
    return { ...event, mono, body };
  });
  return recorded([
    ...late,
    { mono: end + 20_000, source: 'harness', type: 'run.ended', body: { outcome: 'done' } },
  ]);
}

/** The times of a run of probes are on the prober’s clock too. */
function shifted(body: object, byMs: number): object {
  const { fromMono, toMono } = body as { fromMono?: number; toMono?: number };
  if (fromMono === undefined || toMono === undefined) return {};
  return { fromMono: fromMono + byMs, toMono: toMono + byMs };
}
