import type { z } from 'zod';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { checkYaml, type Mistake, mistakeLine, readYaml } from '../../harness/plan/document.ts';
import { applyOverride } from '../../harness/plan/load.ts';

/**
 * Parameters of a model from overrides `path=value`, the rest by default.
 * @throws OrdealError SIMULATION_INVALID (exit 3) that names each parameter and what was expected.
 */
export function readParameters<Schema extends z.ZodType>(
  overrides: readonly string[],
  schema: Schema,
): z.infer<Schema> {
  const written = readYaml('');
  if (Array.isArray(written)) throw invalid(written);
  for (const override of overrides) {
    const mistake = applyOverride(written, override);
    if (mistake) throw invalid([mistake]);
  }
  const checked = checkYaml(written, schema);
  if (Array.isArray(checked)) throw invalid(checked);
  return checked.held;
}

function invalid(mistakes: readonly Mistake[]): OrdealError {
  return new OrdealError({
    code: 'SIMULATION_INVALID',
    exit: EXIT.usage,
    tried: 'reading the parameters of the simulation',
    seen: mistakes.map((mistake) => mistakeLine(mistake, 'the parameters')).join('\n  '),
    todo: 'mend each parameter named; `ordeal simulate --parameters` prints all of them with their defaults',
  });
}
