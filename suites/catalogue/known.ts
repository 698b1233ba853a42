import type { Judged } from '../judged.ts';
import { type Range, within } from './version.ts';

/** A failure that upstream knows of. */
export interface Known {
  scenario: string;
  /** `owner/name#number`. */
  issue: string;
  /** Of Kubernetes. */
  versions: readonly Range[];
}

/**
 * What a row fails by upstream's own doing. The ends of ranges are those of the changes that mended it; one without an end
 * has no release that mends it.
 */
export const KNOWN: readonly Known[] = [
  { scenario: 'G1', issue: 'kubernetes/kubernetes#129249', versions: [{}] },
  // By the changelog of 1.27.6: “Fixes regression in 1.27.2 …”. 1.25 and 1.26 had it too, in versions that are not looked up.
  {
    scenario: 'G4',
    issue: 'kubernetes/kubernetes#118559',
    versions: [{ from: '1.27.2', before: '1.27.6' }],
  },
  // Seen on 1.34.4, whose kubelet takes its own socket, which it makes before it looks, for a checkpoint.
  { scenario: 'G6', issue: 'kubernetes/kubernetes#116125', versions: [{ from: '1.34.4' }] },
  { scenario: 'G7', issue: 'kubernetes/kubernetes#121994', versions: [{}] },
];

/** The failures that a row is known for on a version; none where the version cannot be read. */
export function knownOn(scenario: string, kubernetes: string, table: readonly Known[] = KNOWN): Known[] {
  return table.filter((known) => known.scenario === scenario && within(kubernetes, known.versions));
}

/**
 * A verdict that says what upstream knows of it. Nothing is let off: what failed is a failure, and what passes although
 * upstream knows it to fail says so, for then a remedy holds it, or the version is mended.
 */
export function withKnown(judged: Judged, known: readonly Known[]): Judged {
  if (known.length === 0 || judged.verdict === 'inconclusive') return judged;
  const issues = `known: ${known.map(({ issue }) => issue).join(', ')}`;
  const reason =
    judged.verdict === 'fail'
      ? `${issues}; ${judged.reason}`
      : `${judged.reason}; ${issues}, of this version, and it did not fail here`;
  return { ...judged, reason };
}
