import type { Mutant, Refusal } from './mutant.ts';

export const TABLE_HEAD =
  '| part | mutant | must be refused by | was refused by |\n| --- | --- | --- | --- |';

/** A row of the bench's table; undefined where the mutant could not be brought about. */
export function refusalRow({ name, part, refusedBy }: Mutant, refusal: Refusal | undefined): string {
  const by = refusal === undefined ? '**not judged**' : refusal.by.join(', ') || '**nothing**';
  return `| ${[part, name, refusedBy.join(', '), by].join(' | ')} |`;
}
