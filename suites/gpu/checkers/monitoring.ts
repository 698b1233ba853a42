import type { Trials } from '../../../harness/comparison/series.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import { type Judged, judgeFigure, type Target, tooFew } from '../../judged.ts';
import type { Scrape, SuiteEvents } from '../events.ts';
import { joinLedgers, unwatched } from '../ledgers.ts';
import { type Told, toldOf } from '../monitoring/lies.ts';
import { nodeClock } from '../monitoring/node-clock.ts';
import { recordDoubts } from './doubts.ts';

export interface MonitoringOptions {
  /** Ms between two scrapes, as asked for. */
  scrapeIntervalMs: number;
  /** Ms between two looks of a container, as asked for. */
  lookIntervalMs: number;
  /** How many a container makes that ends by itself. */
  looks: number;
}

/** Intervals that a scrape may be late before nobody knows what was said meanwhile. */
const LATE_INTERVALS = 4;
/** And so many ms where the interval is short: a busy machine stops for a second. */
const LATE_MS = 2_000;

/**
 * GPU-9: an exporter does not say for longer than the threshold that a device is bound to a container that cannot use it.
 *
 * Counted from a container’s first look on, for before it there is nobody to whom the device could be of use. What a
 * container can use is known at its looks, and what the exporter says at its scrapes: both give bounds. The upper one has
 * to meet the threshold, and only a lower one above it refuses. What lasts from after one look to before the next is not
 * seen.
 */
export function checkMonitoring(history: History, target: Target, options: MonitoringOptions): Judged {
  const { lookIntervalMs, scrapeIntervalMs } = options;
  const { blind, named, unnamed } = toldOfStarts(history, options);
  const lies = named.filter(isLie).sort((a, b) => b.lie.mayMs - a.lie.mayMs);
  const [worst] = lies;
  const mostMs = named.length === 0 ? null : (worst?.lie.mayMs ?? 0);
  const sureMs = lies.reduce((most, { lie }) => Math.max(most, lie.sureMs), 0);
  const aheadMs = named.reduce((most, told) => Math.max(most, told.aheadMs ?? 0), 0);
  const reason = [
    `of ${lies.length} of ${named.length} starts it was said that they hold what they could not use${worst ? `, for the longest ${storyOf(worst)}` : ''}`,
    `it was said up to ${Math.round(aheadMs)} ms before the first look`,
    `looks every ${lookIntervalMs} ms, ${eventsOf(history, 'exporter.scraped').length} scrapes every ${scrapeIntervalMs} ms`,
    ...(unnamed > 0 ? [`${unnamed} starts were never named`] : []),
  ].join('; ');
  const doubts = [...recordDoubts(history), ...scrapeDoubts(history), ...tooFew(named.length, target)];
  if (blind.length > 0) doubts.push(`${blind.length} starts could not be judged (${blind[0]})`);
  const measured = { reason, doubts };
  if (mostMs === null || mostMs <= target.threshold || sureMs > target.threshold)
    return judgeFigure(mostMs, named.length, target, 'ms', measured);
  // By its upper bound alone nothing is refused.
  doubts.push(`no more than ${Math.round(sureMs)} ms are sure`);
  return { ...judgeFigure(target.threshold, named.length, target, 'ms', measured), measured: mostMs };
}

/** The starts that an exporter named, and those of them of which it said what was not so. */
export function lieTrials(history: History, options: MonitoringOptions): Trials {
  const { named } = toldOfStarts(history, options);
  return { bad: named.filter(isLie).length, of: named.length };
}

interface ToldOfStarts {
  /** Starts that were said to hold a device while they ran. */
  named: Told[];
  unnamed: number;
  /** Why a start cannot be judged, for each that cannot. */
  blind: string[];
}

function toldOfStarts(
  history: History,
  { lookIntervalMs, looks, scrapeIntervalMs }: MonitoringOptions,
): ToldOfStarts {
  const lateMs = Math.max(LATE_MS, LATE_INTERVALS * scrapeIntervalMs);
  const scrapes = eventsOf<Scrape>(history, 'exporter.scraped').map(({ body }) => body);
  const ofNode = grouped(
    scrapes.toSorted((a, b) => a.sentMono - b.sentMono),
    ({ node }) => node,
  );
  const clocks = new Map([...ofNode].map(([node, own]) => [node, nodeClock(own)]));
  const told: Told[] = [];
  const blind: string[] = [];
  for (const start of joinLedgers(history)) {
    const clock = clocks.get(start.node) ?? 'was never heard';
    if (start.probes.length === 0) blind.push('the container said nothing of its GPUs');
    else if (typeof clock === 'string') blind.push(`the clock of ${start.node}’s exporter ${clock}`);
    else told.push(toldOf(start, ofNode.get(start.node) ?? [], clock, { lateMs, lookIntervalMs }));
  }
  for (const { gap, start } of told) {
    const why = unwatched(start, looks) ?? gap;
    if (why !== undefined) blind.push(why);
  }
  const named = told.filter(({ aheadMs }) => aheadMs !== undefined);
  return { named, unnamed: told.length - named.length, blind };
}

function isLie({ lie }: Told): boolean {
  return lie.mayMs > 0;
}

function storyOf({ lie, start }: Told): string {
  return `${Math.round(lie.sureMs)} to ${Math.round(lie.mayMs)} ms (${start.pod} on ${start.node}, ${lie.device})`;
}

function scrapeDoubts(history: History): string[] {
  const absent = eventsOf<SuiteEvents['exporter.absent']>(history, 'exporter.absent').map(({ body }) => body);
  const parts = eventsOf<Scrape>(history, 'exporter.scraped').filter(({ body }) => body.parts > 0).length;
  return [
    ...absent.map(({ node, reason }) => `no exporter on ${node}: ${reason}`),
    ...(parts > 0 ? [`${parts} scrapes name parts of devices, of which no container can be asked`] : []),
  ];
}
