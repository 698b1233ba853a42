import { EXIT, OrdealError } from '../../harness/errors/error.ts';

/** @throws OrdealError SIMULATION_INVALID (exit 3) for a text that is in none of the variants' names. */
export function chosen(only: readonly string[], names: readonly string[]): void {
  const unknown = only.filter((text) => !names.some((name) => name.includes(text)));
  if (unknown.length === 0) return;
  throw new OrdealError({
    code: 'SIMULATION_INVALID',
    exit: EXIT.usage,
    tried: `choosing the remedies ${unknown.join(', ')}`,
    seen: 'no variant has that in its name',
    todo: `give a part of one of these: ${names.join('; ')}`,
  });
}
