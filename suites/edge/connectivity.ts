import type { History, HistoryEvent } from '../../harness/history/event.ts';
import { grouped } from '../../harness/history/grouped.ts';
import { remembered } from '../../harness/history/remembered.ts';
import { edgeEvents } from './events.ts';
import { farEndOf } from './far-end.ts';
import { steadyIn } from './record.ts';
import type { EdgeLineOf, ProbePath } from './workload/ledger.ts';

type RunLine = EdgeLineOf<'probe.run'>;

/** A stretch in which no probe was answered, or one alone, on the prober's machine's monotonic clock. */
export interface Outage {
  /** From the last probe that was answered before it, or the first that was sent. */
  fromMono: number;
  /** To the first that was answered after it and not alone, or the last that was sent. */
  toMono: number;
  /** Its length with one sampling interval added: the truth is at most another interval off. */
  ms: number;
  /** It was not over when the record ended. */
  open: boolean;
  /** Probes that were lost in it. */
  lost: number;
}

/** What one prober, over all its runs, saw of one way to the cloud. */
export interface Timeline {
  node: string;
  path: ProbePath;
  /** Which machine's monotonic clock it is on. */
  clock: string;
  intervalMs: number;
  /** Without those that somebody else answered than the cloud's end of this way: of the way they say nothing. */
  runs: readonly RunLine[];
  probes: number;
  lost: number;
  /** On the prober's clock: the steady state, or the first probe where that came later or the state never did. */
  judgedFromMono: number;
  /** Those that were not over before the steady state was reached: what is still starting is not broken. */
  outages: readonly Outage[];
  /** The longest stretch without a probe sent that reaches into what is judged, in ms; there, nobody knows. */
  unseenMs: number;
  /** What of the record itself is missing. */
  doubts: readonly string[];
  /** Add to a time on the prober's clock to get one on the history's, in ms; exact to the ledger's shortest delay. */
  toHistoryMs: number;
}

const nameOf = ({ node, path }: { node: string; path: ProbePath }) => `${node} by ${path}`;

/** What the prober of each way wrote down, by node and path. */
const runsByWay = remembered((history) =>
  grouped(edgeEvents(history, 'ledger.probe.run'), ({ body }) => nameOf(body)),
);

/** What the prober of a way wrote down, as it came. */
export function probeRuns(
  history: History,
  way: Pick<Timeline, 'node' | 'path'>,
): readonly HistoryEvent<string, RunLine>[] {
  return runsByWay(history).get(nameOf(way)) ?? [];
}

/** Every way that was probed, by node and path. */
export const timelines = remembered((history): readonly Timeline[] => {
  const ways = new Map<string, { node: string; path: ProbePath }>();
  for (const { body } of edgeEvents(history, 'ledger.probe.started')) {
    ways.set(nameOf(body), { node: body.node, path: body.path });
  }
  for (const [name, [first]] of runsByWay(history))
    if (first) ways.set(name, { node: first.body.node, path: first.body.path });
  return [...ways.values()].map(({ node, path }) => timeline(history, node, path));
});

function timeline(history: History, node: string, path: ProbePath): Timeline {
  const name = nameOf({ node, path });
  const starts = edgeEvents(history, 'ledger.probe.started')
    .map(({ body }) => body)
    .filter((body) => nameOf(body) === name);
  const events = probeRuns(history, { node, path });
  const told = events.map(({ body }) => body).sort((a, b) => a.fromMono - b.fromMono);
  const isFarEnd = farEndOf(history);
  const isAstray = (run: RunLine) => run.ok && !isFarEnd(run);
  const astray = told.filter(isAstray);
  const runs = astray.length === 0 ? told : told.filter((run) => !isAstray(run));
  const clocks = new Set(starts.map(({ clock }) => clock));
  const intervalMs = Math.max(0, ...starts.map((start) => start.intervalMs));
  const doubts: string[] = [];
  if (starts.length === 0) doubts.push(`the prober of ${name} never said that it started`);
  if (clocks.size > 1) doubts.push(`the runs of ${name} are on ${clocks.size} machines’ clocks`);
  const epochs = new Set(starts.map(({ epoch }) => epoch));
  const startless = told.filter(({ epoch }) => !epochs.has(epoch)).length;
  if (starts.length > 0 && startless > 0) doubts.push(`${startless} runs of ${name} have no start`);
  const missing = missingProbes(told);
  if (missing > 0) doubts.push(`${missing} probes of ${name} are missing from the record`);
  if (told.some((run, at) => run.fromMono < (told[at - 1]?.toMono ?? run.fromMono)))
    doubts.push(`runs of ${name} overlap`);
  if (astray.length > 0) {
    const by = [...new Set(astray.map((run) => run.by ?? 'one that does not say who it is'))].join(', ');
    doubts.push(
      `${probesIn(astray)} probes of ${name} were answered by ${by}, which is not the cloud’s end of that way`,
    );
  }
  const probes = probesIn(runs);
  const toHistoryMs = events.reduce(
    (least, { mono, body }) => Math.min(least, mono - body.mono),
    Number.POSITIVE_INFINITY,
  );
  const steadyMono = steadyIn(history)?.mono ?? Number.NEGATIVE_INFINITY;
  const judgedFromMono = Math.max(steadyMono - toHistoryMs, runs[0]?.fromMono ?? Number.NEGATIVE_INFINITY);
  const outages = outagesOf(runs, intervalMs).filter(({ toMono }) => toMono > judgedFromMono);
  return {
    node,
    path,
    clock: starts[0]?.clock ?? '',
    intervalMs,
    runs,
    probes,
    lost: outages.reduce((sum, { lost }) => sum + lost, 0),
    judgedFromMono,
    outages,
    unseenMs: longestUnseen(runs, intervalMs, judgedFromMono),
    doubts,
    toHistoryMs,
  };
}

function probesIn(runs: readonly RunLine[]): number {
  return runs.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0);
}

/** Probes whose numbers no run has, between the first and the last of each epoch; it starts with number 0. */
function missingProbes(runs: readonly RunLine[]): number {
  const next = new Map<string, number>();
  let missing = 0;
  for (const { epoch, fromSeq, toSeq } of runs) {
    missing += Math.max(0, fromSeq - (next.get(epoch) ?? 0));
    next.set(epoch, toSeq + 1);
  }
  return missing;
}

/**
 * Answered in a row, they end an outage. One alone is no connection: of datagrams with half-made checksums one in 65,536
 * has the right one by chance, and would make two short disconnects of a long one.
 */
const BACK_AFTER = 2;

/** Goes from the last good probe to those that are good again, over whatever lies between: also where nobody looked. */
export function outagesOf(
  runs: readonly Pick<RunLine, 'ok' | 'fromMono' | 'toMono' | 'fromSeq' | 'toSeq'>[],
  intervalMs: number,
): Outage[] {
  const outages: Outage[] = [];
  let good: number | undefined;
  let current: { fromMono: number; firstLost: number; lastLost: number; lost: number } | undefined;
  let answered: { fromMono: number; probes: number } | undefined;
  const close = (toMono: number, open: boolean) => {
    if (!current) return;
    const { firstLost, fromMono, lastLost, lost } = current;
    // Between two good probes lie the lost ones and an interval at either end; one of the two is the doubt.
    const ms = Math.max(lastLost - firstLost + intervalMs, toMono - fromMono - (open ? 0 : intervalMs));
    outages.push({ fromMono, toMono, ms, open, lost });
    current = undefined;
    answered = undefined;
  };
  for (const { ok, fromMono, toMono, fromSeq, toSeq } of runs) {
    if (ok) {
      answered ??= { fromMono, probes: 0 };
      answered.probes += toSeq - fromSeq + 1;
      if (answered.probes >= BACK_AFTER) close(answered.fromMono, false);
      good = toMono;
      continue;
    }
    answered = undefined;
    current ??= { fromMono: good ?? fromMono, firstLost: fromMono, lastLost: toMono, lost: 0 };
    current.lastLost = toMono;
    current.lost += toSeq - fromSeq + 1;
  }
  // One answer at the end of the record may be chance as well.
  if (current) close(answered?.fromMono ?? current.lastLost, true);
  return outages;
}

/**
 * Within runs and between them: how much longer they took than their number of probes asks for, at one place.
 * @param sinceMono what was over by then is left out
 */
function longestUnseen(runs: readonly RunLine[], intervalMs: number, sinceMono: number): number {
  let longest = 0;
  for (const [at, { fromMono, toMono, fromSeq, toSeq }] of runs.entries()) {
    if (toMono <= sinceMono) continue;
    const before = runs[at - 1];
    if (before) longest = Math.max(longest, fromMono - before.toMono - intervalMs);
    longest = Math.max(longest, toMono - fromMono - (toSeq - fromSeq) * intervalMs);
  }
  return longest;
}
