import { expect } from 'chai';
import fc from 'fast-check';
import { compare } from '../../harness/comparison/compare.ts';
import type { Comparison } from '../../harness/comparison/comparison.ts';
import { NATURE, runOf, seriesOf } from '../../harness/comparison/testing/sample.ts';
import { hostileText } from '../../harness/verdict/testing/sample.ts';
import { chance } from '../../harness/verdict/testing/simulation.ts';
import { comparisonText } from './console.ts';
import { comparisonMarkdown } from './markdown.ts';
import { figureCells, standingWord } from './words.ts';

function comparisonOf(name = 'kind@1.34.4', seed = 1): Comparison {
  const run = (next = chance(seed)) => runOf(seriesOf(next, NATURE, 5));
  const sides = { baseline: { name, runs: [run()] }, candidate: { name, runs: [run(chance(seed + 1))] } };
  return compare({ ...sides, candidateSet: [`seed=${name}`], margins: {}, seed: 1, rounds: 199 });
}

describe('every format of a comparison', () => {
  it('agrees with comparison.json to the figure', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const comparison = comparisonOf('A', seed);
      const console = comparisonText(comparison).split('\n');
      const rows = comparisonMarkdown(comparison)
        .split('\n')
        .map((line) =>
          line
            .replaceAll('&lt;', '<')
            .split(' | ')
            .map((cell) => cell.replace(/ \|$/, '')),
        );
      for (const requirement of comparison.requirements) {
        expect(
          console.some((line) => line.includes(`${requirement.id} ${standingWord(requirement)}`)),
        ).to.equal(true);
        for (const figure of requirement.figures) {
          const cells = figureCells(figure);
          expect(rows.some((row) => cells.every((cell, at) => row[at + 1] === cell))).to.equal(true);
          expect(console.some((line) => cells.every((cell) => line.includes(cell)))).to.equal(true);
        }
      }
    }
  });

  it('lets no control character through, whatever the text', () => {
    const comparison = comparisonOf();
    fc.assert(
      fc.property(hostileText, (text) => {
        const hostile = {
          ...comparison,
          summary: text,
          notes: [text],
          reasons: [text],
          candidateSet: [text],
        };
        for (const written of [comparisonText(hostile), comparisonMarkdown(hostile)])
          expect(written.replaceAll('\n', '')).not.to.match(/\p{Cc}/u);
      }),
    );
  });
});
