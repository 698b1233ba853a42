import type { Comparison } from '../../harness/comparison/comparison.ts';
import { outcomeWord } from '../figure.ts';
import { columns, plainLine, wrap } from '../text.ts';
import { FIGURE_HEADER, figureCells, sideText, standingWord } from './words.ts';

/** Fits beside a log in a pipeline's page. */
const WIDTH = 110;

/** A comparison for a person: a table of every figure, then how each requirement stands and why. */
export function comparisonText(comparison: Comparison): string {
  const { baseline, candidate, candidateSet, notes, reasons, requirements, summary, verdict } = comparison;
  const rows = requirements.flatMap(({ figures, id }) =>
    figures.map((figure) => [id, ...figureCells(figure)].map(plainLine)),
  );
  const lines = [
    `certify ${outcomeWord[verdict]}`,
    ...indented(`baseline ${sideText(baseline)}`),
    ...indented(`candidate ${sideText(candidate)}`),
    ...candidateSet.flatMap((set) => indented(`the candidate alone: ${set}`)),
    '',
    ...columns([['', ...FIGURE_HEADER], ...rows]).map((line) => `  ${line}`),
    '',
    ...requirements.flatMap((each) =>
      indented(
        `${each.id} ${standingWord(each)} (${each.baseline} before, ${each.candidate} now): ${each.reason}`,
      ),
    ),
    '',
    ...reasons.flatMap((reason) => indented(`because: ${reason}`)),
    ...notes.flatMap((note) => indented(`note: ${note}`)),
    ...wrap(plainLine(summary), WIDTH),
  ];
  return `${lines.join('\n')}\n`;
}

function indented(text: string): string[] {
  return wrap(plainLine(text), WIDTH - 2).map((line) => `  ${line}`);
}
