import { OrdealError } from '../../harness/errors/error.ts';
import type { History } from '../../harness/history/event.ts';
import { parseHistory } from '../../harness/history/reader.ts';
import { judge } from '../../harness/verdict/judge.ts';
import type { Outcome, Verdict } from '../../harness/verdict/verdict.ts';
import { lines } from '../testing/mutations.ts';
import type { Bench } from './subjects.ts';

/** Refuses a history that is none: what a run’s folder holds is not judged at all. */
export const READER = 'the reader';
/** Refuses what no requirement is about: a fault without a bite, a run without its end. */
export const JUDGE = 'the judge';

/** A deliberately broken part, and what must refuse it. */
export interface Mutant {
  name: string;
  /** Which part is broken. */
  part: string;
  /**
   * All of these: a requirement’s id where it has to fail; with ` inconclusive` where it cannot be seen, and failing does as
   * well; or the reader, or the judge.
   */
  refusedBy: readonly string[];
  /** Brings it about, and judges it. */
  judged(): Promise<Refusal>;
}

/** What became of a mutant. */
export interface Refusal {
  verdict: Outcome;
  /** All that refused it, in the words of `refusedBy`. */
  by: string[];
  /** For a reader who wonders. */
  said: string;
}

/** It was refused, by all that have to. */
export function isHeld({ refusedBy }: Pick<Mutant, 'refusedBy'>, { by, verdict }: Refusal): boolean {
  const refuses = (each: string) => by.includes(each) || by.includes(each.replace(/ inconclusive$/, ''));
  return verdict !== 'pass' && refusedBy.length > 0 && refusedBy.every(refuses);
}

export function refusalOf({ reasons, requirements, summary, verdict }: Verdict): Refusal {
  const ids = requirements.map(({ id }) => id);
  const besides = reasons.filter((reason) => !ids.some((id) => reason.startsWith(`${id} (`)));
  return {
    verdict,
    by: [
      ...requirements
        .filter((each) => each.verdict !== 'pass' && !each.skipped)
        .map((each) => (each.verdict === 'fail' ? each.id : `${each.id} ${each.verdict}`)),
      ...(besides.length > 0 ? [JUDGE] : []),
    ],
    said: summary,
  };
}

/** Judges a history as the recorder would have left it. */
export function judgedHistory(history: History, { plan, suite }: Omit<Bench, 'sound'>): Refusal {
  return refusalOf(judge({ history, suites: [suite], plan, truncated: false }));
}

/** Judges a run’s file, whatever it holds. */
export function judgedFile(text: string, { plan, suite }: Omit<Bench, 'sound'>): Refusal {
  try {
    const { events, truncated } = parseHistory(text, 'events.jsonl');
    return refusalOf(judge({ history: events, suites: [suite], plan, truncated }));
  } catch (error) {
    if (!(error instanceof OrdealError) || error.code !== 'HISTORY_INVALID') throw error;
    return { verdict: 'inconclusive', by: [READER], said: error.message };
  }
}

export function fileOf(history: History): string {
  return `${lines(history).join('\n')}\n`;
}
