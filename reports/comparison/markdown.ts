import type { Comparison } from '../../harness/comparison/comparison.ts';
import { figure, outcomeWord } from '../figure.ts';
import { escapeMarkdown, table } from '../markdown.ts';
import { FIGURE_HEADER, figureCells, sideText, standingWord } from './words.ts';

/** What `comparison.md` and a GitHub job's step summary hold: GitHub-flavoured Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { baseline, candidate, candidateSet, requirements } = comparison;
  const list = (lines: readonly string[]) => lines.map((line) => `- ${escapeMarkdown(line)}`);
  const blocks = [
    [`## ${outcomeWord[comparison.verdict]}: the candidate against the baseline`],
    [escapeMarkdown(comparison.summary)],
    list([
      `baseline ${sideText(baseline)}`,
      `candidate ${sideText(candidate)}`,
      ...candidateSet.map((set) => `the candidate alone: ${set}`),
    ]),
    table(
      ['requirement', 'standing', 'baseline', 'candidate', 'reason'],
      requirements.map((each) => [
        `${each.id} ${each.title}`,
        standingWord(each),
        each.baseline,
        each.candidate,
        each.reason,
      ]),
    ),
    table(
      ['requirement', ...FIGURE_HEADER],
      requirements.flatMap(({ figures, id }) => figures.map((each) => [id, ...figureCells(each)])),
    ),
    list(comparison.reasons),
    list(comparison.notes),
    [
      escapeMarkdown(
        `Profile ${comparison.profile}, level ${comparison.level}, seed ${comparison.seed}. Intervals of ` +
          `${figure(100 * comparison.confidence, '%')}; p adjusted by Holm’s method, to ${comparison.alpha} in all.`,
      ),
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}
