import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { allMutants } from './all.ts';
import { inputMutants } from './inputs.ts';
import { fileOf, isHeld, judgedFile, judgedHistory } from './mutant.ts';
import { plantMutants } from './plants.ts';
import { runMutants } from './runs.ts';
import { edgeBench, gpuBench } from './subjects.ts';
import { writtenMutants } from './written.ts';

describe('the bench of mutants', () => {
  it('has nothing wrong with it but the mutants', () => {
    for (const bench of [gpuBench, edgeBench]) {
      expect(judgedHistory(bench.sound, bench)).to.deep.include({ verdict: 'pass', by: [] });
      expect(judgedFile(fileOf(bench.sound), bench)).to.deep.include({ verdict: 'pass', by: [] });
    }
  });

  it('has each mutant once, and something that must refuse it', () => {
    const names = allMutants.map(({ name, part }) => `${part}: ${name}`);
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, refusedBy } of allMutants) expect(refusedBy, name).not.to.be.empty;
    expect(runMutants.length + plantMutants.length).to.be.at.least(25);
  });

  it('is in README, what had to refuse each part and what did', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    for (const { name, part, refusedBy } of [...runMutants, ...plantMutants])
      expect(readme, 'npm run mutants prints it').to.contain(
        `\n| ${part} | ${name} | ${refusedBy.join(', ')} | `,
      );
  });

  it('takes for refused what has to refuse did, and nothing else', () => {
    const refusal = { verdict: 'fail' as const, by: ['GPU-1', 'GPU-4 inconclusive'], said: '' };
    for (const [refusedBy, held] of [
      [['GPU-1'], true],
      [['GPU-1 inconclusive'], true],
      [['GPU-1', 'GPU-4 inconclusive'], true],
      [['GPU-4'], false],
      [['GPU-1', 'GPU-2'], false],
      [[], false],
    ] as const)
      expect(isHeld({ refusedBy }, refusal), refusedBy.join()).to.equal(held);
    expect(isHeld({ refusedBy: ['GPU-1'] }, { ...refusal, verdict: 'pass' })).to.equal(false);
  });

  for (const mutant of [...writtenMutants, ...inputMutants]) {
    const { name, part, refusedBy } = mutant;
    it(`${part}, ${name}: refused by ${refusedBy.join(' and ')}`, async () => {
      const refusal = await mutant.judged();
      expect(isHeld(mutant, refusal), `${refusal.verdict} by ${refusal.by.join()}: ${refusal.said}`).to.equal(
        true,
      );
    });
  }
});
