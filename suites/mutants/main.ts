/**
 * `npm run mutants [WORD …]`: every deliberately broken part, or those whose part or name has one of the words, and what
 * refused it. Prints the Markdown table of README; exit 1 where one was not refused by what has to.
 */
import { allMutants } from './all.ts';
import { isHeld, type Mutant } from './mutant.ts';
import { refusalRow, TABLE_HEAD } from './table.ts';

const words = process.argv.slice(2);
const chosen = allMutants.filter(
  ({ name, part }) => words.length === 0 || words.some((word) => `${part} ${name}`.includes(word)),
);

async function rowOf(mutant: Mutant): Promise<{ row: string; held: boolean }> {
  try {
    const refusal = await mutant.judged();
    const held = isHeld(mutant, refusal);
    process.stderr.write(`${held ? 'refused' : 'NOT REFUSED'}: ${mutant.part}: ${mutant.name}\n`);
    if (!held) process.stderr.write(`  ${refusal.verdict}: ${refusal.said}\n`);
    return { row: refusalRow(mutant, refusal), held };
  } catch (error) {
    process.stderr.write(`NOT JUDGED: ${mutant.part}: ${mutant.name}: ${String(error)}\n`);
    return { row: refusalRow(mutant, undefined), held: false };
  }
}

const rows = await Promise.all(chosen.map(rowOf));
process.stdout.write(`${TABLE_HEAD}\n${rows.map(({ row }) => row).join('\n')}\n`);
const refused = rows.filter(({ held }) => held).length;
process.stdout.write(`${refused} of ${rows.length} refused by what has to refuse them\n`);
process.exitCode = refused === rows.length && rows.length > 0 ? 0 : 1;
