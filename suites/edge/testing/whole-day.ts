import type { History } from '../../../harness/history/event.ts';
import type { Range } from '../ranges.ts';
import { DAY_MS, day, type Span } from './story.ts';

export const FAULT = 'partition-1';
const STARTED_MS = 10;
const CUT: Span = [20_000, 26_000];

/** What of a day is other than it should be. */
export interface Twist {
  /** What the tunnel and the host of node a did not carry. */
  tunnelDead?: readonly Span[];
  hostDead?: readonly Span[];
  /** What the cloud got of a thousand messages of node a. */
  received?: Range[];
  /** When the pod of node a was seen to be NotReady; null: never. */
  noticedAt?: number | null;
  /** When the tunnel of node a had nothing to receive. */
  deaf?: readonly Span[];
  bit?: boolean;
  restarts?: number;
  alerts?: number;
  failed?: string;
}

/** A whole run as the judge gets it: node a cut off for six seconds, which is noticed and mended, but for the twist. */
export function wholeDay(twist: Twist = {}): History {
  const {
    alerts = 0,
    bit = true,
    failed,
    hostDead = [],
    noticedAt = 22_000,
    received = [[0, 999]],
    restarts = 0,
    tunnelDead = [CUT],
    deaf = tunnelDead,
  } = twist;
  const story = day({ tunnelDead, hostDead, deaf })
    .engine(-STARTED_MS, 'run.started', {
      ...{ runId: 'r1', ordeal: '0.1.0', seed: 1, profile: 'hardened', level: 'smoke' },
      replay: 'ordeal run',
    })
    .engine(-5, 'cluster.up', {
      ...{ name: 'c', provider: 'embedded', versions: {}, evidence: 'modelled', nodes: ['a', 'b'] },
    })
    .fault(FAULT, 'a', CUT)
    .engine(CUT[0] + 2, 'fault.injected', {
      ...{ fault: FAULT, kind: 'network/partition', target: 'link', mechanism: 'm', detail: null },
    })
    .engine(CUT[0] + 500, 'fault.bit', { fault: FAULT, bit, evidence: 'the far end was silent' })
    .published('a', { attempted: [[0, 999]] }, { received }, { mono: 40_000 })
    .published('b', { attempted: [[0, 999]] }, { received: [[0, 999]] }, { mono: 40_000 })
    .engine(DAY_MS + 20, 'run.ended', { outcome: 'done' });
  if (noticedAt !== null) story.pod(noticedAt, 'a', { ready: false }).pod(noticedAt + 8_000, 'a');
  for (let restart = 1; restart <= restarts; restart++)
    story.say(27_000 + restart, 'watchdog.restarted', { node: 'a', reason: 'deaf', restart });
  for (let restart = 1; restart <= alerts; restart++)
    story.say(28_000 + restart, 'alert.received', { node: 'a', reason: 'deaf', restart });
  if (failed) story.say(30_000, 'program.failed', { program: failed, exitCode: 1, said: '' });
  // A history's clock begins with its run.
  return story.events.map((event) => ({ ...event, mono: event.mono + STARTED_MS }));
}
