import type { History } from '../../../harness/history/event.ts';
import { WrittenHistory } from '../../testing/written.ts';
import type { EdgeEvents, PodSeen } from '../events.ts';
import type { Range } from '../ranges.ts';
import { type EdgeEntry, echoName, ProbePath } from '../workload/ledger.ts';
import { Tracker } from '../workload/probe/tracker.ts';

/** From and to, in ms of the history's clock. */
export type Span = readonly [from: number, to: number];

export const INTERVAL_MS = 50;
const CUT_MS = 1_000;
/** The programs' clocks are none of the history's: whoever mixes them is off by this. */
const PROGRAM_CLOCK_MS = 5_000_000;
const SUITE = 'suite/edge';

interface Entry {
  mono: number;
  source: string;
  type: string;
  body: object;
}

/** The history of a run of this suite, told by what happened; events come out in the order of their times. */
export class Story {
  readonly #entries: Entry[] = [];

  get events(): History {
    const written = new WrittenHistory();
    const numbers = new Map<string, number>();
    for (const { mono, source, type, body } of [...this.#entries].sort((a, b) => a.mono - b.mono)) {
      const { epoch } = body as { epoch?: string };
      if (epoch === undefined) {
        written.add(source, type, body, mono);
        continue;
      }
      const n = numbers.get(epoch) ?? 0;
      numbers.set(epoch, n + 1);
      written.add(source, type, { n, at: 1e12 + mono, mono: mono + PROGRAM_CLOCK_MS, ...body }, mono);
    }
    return written.events;
  }

  say<Type extends keyof EdgeEvents>(mono: number, type: Type, body: EdgeEvents[Type]): this {
    this.#entries.push({ mono, source: SUITE, type, body });
    return this;
  }

  engine(mono: number, type: string, body: object): this {
    this.#entries.push({ mono, source: 'harness', type, body });
    return this;
  }

  ledger(mono: number, epoch: string, entry: EdgeEntry): this {
    const { type, ...rest } = entry;
    this.#entries.push({ mono, source: epoch, type: `ledger.${type}`, body: { epoch, type, ...rest } });
    return this;
  }

  /** Probes from one time to another, those sent in one of the spans without an answer. */
  probe(
    node: string,
    path: ProbePath,
    [from, to]: Span,
    dead: readonly Span[] = [],
    {
      clock = 'boot-1',
      epoch = `${node} ${path}`,
      unseen = [] as readonly Span[],
      by = echoName('cloud', path) as string | null,
    } = {},
  ): this {
    const started = { clock, intervalMs: INTERVAL_MS, timeoutMs: 1_000, target: 'cloud:7' };
    this.ledger(from, epoch, { type: 'probe.started', node, path, ...started });
    const tracker = new Tracker(0);
    let cutAt = from + CUT_MS;
    const within = (spans: readonly Span[], at: number) => spans.some(([a, b]) => at >= a && at < b);
    let seq = 0;
    for (let at = from; at <= to; at += INTERVAL_MS) {
      if (within(unseen, at)) continue;
      tracker.sent(seq, at + PROGRAM_CLOCK_MS);
      if (!within(dead, at)) tracker.answered(seq, at + PROGRAM_CLOCK_MS, by);
      seq += 1;
      const runs = tracker.decide(at + 1 + PROGRAM_CLOCK_MS);
      if (at >= cutAt || at + INTERVAL_MS > to) {
        runs.push(...tracker.cut());
        cutAt = at + CUT_MS;
      }
      for (const run of runs) this.ledger(at + 1, epoch, { type: 'probe.run', node, path, late: 0, ...run });
    }
    return this;
  }

  pod(mono: number, node: string, more: Partial<PodSeen> = {}): this {
    return this.say(mono, 'collector.seen', {
      uid: `uid-${node}`,
      namespace: 'n',
      name: `collector-${node}`,
      node,
      phase: 'Running',
      ready: true,
      restarts: 0,
      gone: false,
      ...more,
    });
  }

  /** A sample twice a second; in the dead spans nothing is received and the session ages away. */
  samples(node: string, [from, to]: Span, dead: readonly Span[] = []): this {
    let rxBytes = 0;
    for (let at = from; at <= to; at += 500) {
      const deaf = dead.some(([a, b]) => at >= a && at < b);
      if (!deaf) rxBytes += 1_000;
      this.say(at, 'tunnel.sample', {
        node,
        handshakeAgeMs: deaf ? null : 1_000,
        rxBytes,
        txBytes: at,
        inCsumErrors: 0,
      });
    }
    return this;
  }

  /** One run of a publisher, told in one line and others without news after it, and what the cloud got of it. */
  published(
    publisher: string,
    sent: { attempted: Range[]; acknowledged?: Range[]; dropped?: Range[] },
    got: { received: Range[]; duplicates?: number; reordered?: number; late?: number },
    { session = `session ${publisher}`, mono = 1_000, until = DAY_MS - 1_000 } = {},
  ): this {
    const { attempted, acknowledged = attempted, dropped = [] } = sent;
    const { received, duplicates = 0, reordered = 0, late = 0 } = got;
    const options = { clock: 'boot-1', protocol: 4, qos: 1, store: 0, rate: 50 } as const;
    this.ledger(mono, session, { type: 'collector.started', publisher, ...options })
      .ledger(mono + 1, session, {
        type: 'collector.published',
        publisher,
        attempted,
        acknowledged,
        dropped,
        stored: 0,
      })
      .ledger(mono + 2, 'cloud', {
        type: 'cloud.received',
        publisher,
        session,
        received,
        duplicates,
        reordered,
        late,
      });
    for (let at = mono + NO_NEWS_MS; at < until; at += NO_NEWS_MS)
      this.ledger(at, session, { type: 'collector.published', publisher, ...NO_NEWS });
    return this.ledger(until, session, { type: 'collector.published', publisher, ...NO_NEWS });
  }

  /** A fault on one node's link, injected and healed; held as long as planned unless told. */
  fault(
    id: string,
    node: string | null,
    [from, to]: Span,
    about: { cuts: boolean; host: boolean; holdMs?: number } = { cuts: true, host: false },
  ): this {
    const kind = `network/${id}`;
    return this.say(from - 1, 'fault.planned', { holdMs: to - from, fault: id, kind, node, ...about })
      .engine(from, 'fault.injecting', { fault: id, kind, target: 'link', mechanism: 'm' })
      .engine(to, 'fault.healing', { fault: id })
      .engine(to + 1, 'fault.healed', { fault: id, healed: true, evidence: 'gone' });
  }
}

/** How long a day of a story is, in ms. */
export const DAY_MS = 60_000;
/** A publisher that has none says so more often than this. */
const NO_NEWS_MS = 4_000;
const NO_NEWS = { attempted: [], acknowledged: [], dropped: [], stored: 0 };
const NODES = ['a', 'b'];

interface Happened {
  /** What node a's tunnel did not carry, and what its host did not reach. */
  tunnelDead?: readonly Span[];
  hostDead?: readonly Span[];
  /** When its tunnel received nothing; where it is not told, while it carried nothing. */
  deaf?: readonly Span[];
}

/** A run on two nodes as it should be, but for what happened on the first: everything else is for a test to add. */
export function day({ tunnelDead = [], hostDead = [], deaf = tunnelDead }: Happened = {}): Story {
  const story = new Story()
    .say(0, 'network.up', { isolation: 'process', evidence: 'modelled', versions: {}, nodes: NODES })
    .ledger(10, 'cloud', {
      type: 'cloud.started',
      clock: 'boot-1',
      broker: 'aedes',
      echoes: [...ProbePath.options],
    })
    .engine(2_500, 'steady.reached', { suite: 'edge', measured: {} })
    .say(DAY_MS - 2_000, 'publishing.cutoff', {})
    .say(DAY_MS - 1_500, 'observation.ended', {})
    .ledger(DAY_MS + 10, 'cloud', { type: 'cloud.ended' });
  for (const node of NODES) {
    const [tunnel, host, silent] = node === 'a' ? [tunnelDead, hostDead, deaf] : [[], [], []];
    story
      .probe(node, 'tunnel', [100, DAY_MS], tunnel)
      .probe(node, 'host', [100, DAY_MS], host)
      .samples(node, [100, DAY_MS], silent)
      .pod(50, node);
  }
  return story;
}
