import { KNOWN } from './known.ts';
import { holderLine, ROWS } from './rows.ts';

/** The catalogue as `ordeal scenarios` shows it. */
export function listing() {
  return ROWS.map(({ heldBy, ...row }) => ({
    ...row,
    known: KNOWN.filter(({ scenario }) => scenario === row.id).map(({ issue, versions }) => ({
      issue,
      versions,
    })),
    built: heldBy.by === 'scenario',
    heldBy: holderLine({ heldBy }),
  }));
}
