/**
 * `npm run healthy [RUNS] [EMBEDDED]`: so many sound clusters that are not as most are, 200 unless told, of which so many
 * are certified on embedded, 10 unless told, and the others are written runs. Prints what was not certified and the
 * count; exit 1 where one was refused.
 */
import { embeddedVariation } from './runs.ts';
import { type Variation, writtenVariation } from './variations.ts';

const [runs = 200, embedded = 10] = process.argv.slice(2).map(Number);
if (!Number.isInteger(runs) || !Number.isInteger(embedded) || embedded > runs || runs < 1)
  throw new RangeError('expected a number of runs, and how many of them are on embedded');

const seen = { pass: 0, fail: 0, inconclusive: 0 };

async function judge(variation: Variation): Promise<void> {
  const { by, said, verdict } = await variation.judged();
  seen[verdict] += 1;
  if (verdict !== 'pass')
    process.stdout.write(
      `${verdict}: ${variation.kind}, seed ${variation.seed}: ${by.join(', ')}: ${said}\n`,
    );
}

for (let seed = 0; seed < runs - embedded; seed++) await judge(writtenVariation(seed));
await Promise.all(Array.from({ length: embedded }, (_, seed) => judge(embeddedVariation(seed))));
process.stdout.write(
  `${runs} sound clusters, ${embedded} of them embedded: ${seen.pass} certified, ${seen.inconclusive} inconclusive, ${seen.fail} refused\n`,
);
process.exitCode = seen.fail > 0 ? 1 : 0;
