import type { Claim, ProbeSeen, Scrape } from '../events.ts';
import { type Start, usableAt } from '../ledgers.ts';
import { MAIN } from '../workload/jobs.ts';
import type { NodeClock } from './node-clock.ts';
import { common, lengthOf, runsOf, type Span } from './spans.ts';

/** What an exporter said of one start, against what the container could use. */
export interface Told {
  start: Start;
  /** How long before the container’s first look it was first said to hold a device, in ms; undefined: never while it ran. */
  aheadMs: number | undefined;
  /** Why it is not known what was said all the time that the container ran; undefined where it is. */
  gap: string | undefined;
  /** The device of which it was untrue for the longest, and for how long in ms: surely, and at the most. */
  lie: { device: string; sureMs: number; mayMs: number };
}

export interface Timing {
  /** After so long without a scrape nobody knows what was said meanwhile. */
  lateMs: number;
  /** Between two looks of a container, as asked for. */
  lookIntervalMs: number;
}

/** @param scrapes of the start’s node, in the order of time */
export function toldOf(
  start: Start,
  scrapes: readonly Scrape[],
  clock: NodeClock,
  { lateMs, lookIntervalMs }: Timing,
): Told {
  const { probes } = start;
  const life: Span = [probes[0]?.at ?? 0, (probes.at(-1)?.at ?? 0) + lookIntervalMs];
  const own = ({ container, pod }: Claim) => pod === start.pod && container === MAIN;
  const devices = new Set(scrapes.flatMap(({ claims }) => claims.filter(own).map(({ device }) => device)));
  const told = [...devices].map((device) => {
    const said = saidSpans(
      scrapes,
      ({ claims }) => claims.some((claim) => own(claim) && claim.device === device),
      clock,
      lateMs,
    );
    const blind = blindSpans(probes, device, lookIntervalMs);
    return {
      device,
      said,
      sureMs: lengthOf(common(said.sure, blind.sure)),
      mayMs: lengthOf(common(said.may, blind.may)),
    };
  });
  const whileItRan = told.filter(({ said }) => common(said.may, [life]).length > 0);
  const [worst] = whileItRan.sort((a, b) => b.mayMs - a.mayMs);
  return {
    start,
    aheadMs: worst && life[0] - Math.min(...whileItRan.map(({ said }) => said.from)),
    gap: gapIn(life, scrapes, clock, lateMs),
    lie: worst ?? { device: '', sureMs: 0, mayMs: 0 },
  };
}

interface Spans {
  sure: Span[];
  may: Span[];
}

/** When the exporter said it, on its node’s clock: from scrape to scrape surely, and from the one before to the one after at the most. */
function saidSpans(
  scrapes: readonly Scrape[],
  says: (scrape: Scrape) => boolean,
  { least, most }: NodeClock,
  lateMs: number,
): Spans & { from: number } {
  const spans: Spans = { sure: [], may: [] };
  let from = Number.POSITIVE_INFINITY;
  for (const [first, last] of runsOf(scrapes, says)) {
    let since = first;
    for (let index = first; index <= last; index++) {
      const [one, next] = [scrapes[index] as Scrape, scrapes[index + 1] as Scrape];
      if (index < last && next.sentMono - one.receivedMono <= lateMs) continue;
      spans.sure.push([(scrapes[since] as Scrape).receivedMono + most, one.sentMono + least]);
      since = index + 1;
    }
    spans.may.push([
      (scrapes[first - 1]?.sentMono ?? Number.NEGATIVE_INFINITY) + least,
      (scrapes[last + 1]?.receivedMono ?? Number.POSITIVE_INFINITY) + most,
    ]);
    from = Math.min(from, (scrapes[first]?.sentMono ?? 0) + least);
  }
  return { ...spans, from };
}

/** When a container could not use a device: from look to look surely, and from the one before to the one after at the most. */
function blindSpans(probes: readonly ProbeSeen[], device: string, lookIntervalMs: number): Spans {
  const at = (index: number) => probes[index]?.at;
  const spans: Spans = { sure: [], may: [] };
  for (const [first, last] of runsOf(probes, (probe) => !usableAt(probe).includes(device))) {
    const [from, to] = [at(first) ?? 0, at(last) ?? 0];
    spans.sure.push([from, to]);
    spans.may.push([at(first - 1) ?? from, at(last + 1) ?? to + lookIntervalMs]);
  }
  return spans;
}

/** From one scrape to the next, also where the container began and ended in between: it may run for less than is late. */
function gapIn(
  [from, to]: Span,
  scrapes: readonly Scrape[],
  { least, most }: NodeClock,
  lateMs: number,
): string | undefined {
  const sent = scrapes.map(({ sentMono }) => sentMono);
  const [began, ended] = [from - most, to - least];
  const points = [
    sent.findLast((mono) => mono < began) ?? began,
    ...sent.filter((mono) => mono >= began && mono <= ended),
    sent.find((mono) => mono > ended) ?? ended,
  ];
  const longest = Math.max(...points.map((point, index) => point - (points[index - 1] ?? point)));
  return longest > lateMs
    ? `its exporter was not read for ${Math.round(longest)} ms while it ran`
    : undefined;
}
