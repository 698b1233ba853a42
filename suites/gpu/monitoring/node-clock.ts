import type { Scrape } from '../events.ts';

/** By how many ms a node’s wall clock is ahead of the harness’s monotonic one. */
export interface NodeClock {
  least: number;
  most: number;
}

/** A Date has whole seconds. */
const DATE_MS = 1_000;
/** What a slewed clock gains over a run, by which what the answers say of it then seems to contradict itself. */
const SLEW_MS = 100;

/**
 * A node’s clock by what its answers are dated. Each bounds it to a second and to the answer’s way; all of them together
 * do so more closely, for they come at different parts of a second. Why it is not known, where it is not.
 */
export function nodeClock(scrapes: readonly Scrape[]): NodeClock | string {
  const dated = scrapes.flatMap(({ date, receivedMono, sentMono }) =>
    date === null ? [] : [{ least: date - receivedMono, most: date + DATE_MS - sentMono }],
  );
  if (dated.length === 0) return 'is not known, for no answer has a Date';
  const least = dated.reduce((highest, each) => Math.max(highest, each.least), Number.NEGATIVE_INFINITY);
  const most = dated.reduce((lowest, each) => Math.min(lowest, each.most), Number.POSITIVE_INFINITY);
  if (least > most + SLEW_MS) return 'jumped';
  return { least: Math.min(least, most), most: Math.max(least, most) };
}
