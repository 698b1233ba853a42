import { EXIT, OrdealError } from '../errors/error.ts';
import { type Mistake, mistakeLine } from '../plan/document.ts';

const TODO_OUTSIDE =
  'it was not injected; name outright in the plan’s radius what may be touched, or leave the fault out; `ordeal plan explain` shows both';

/** The plan allows no such target: exit 3, whether that was seen in the plan alone or on the cluster. */
export function outsideRadius(tried: string, mistakes: readonly Mistake[]): OrdealError {
  return new OrdealError({
    code: 'BLAST_RADIUS',
    exit: EXIT.usage,
    tried,
    seen: mistakes.map((mistake) => mistakeLine(mistake, 'radius')).join('\n  '),
    todo: TODO_OUTSIDE,
  });
}
