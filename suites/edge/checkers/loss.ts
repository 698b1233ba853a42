import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeRate, type Target } from '../../judged.ts';
import { type Delivery, joinLedgers } from '../delivery.ts';
import { size, subtract } from '../ranges.ts';
import { nodesOf, recordDoubts } from '../record.ts';
import type { EdgeSettings } from '../settings.ts';

/** EDGE-2: of what was published, what never arrived. Twice or in another order is apart, and so is late. */
export function checkLoss(history: History, target: Target, lossOf: EdgeSettings['lossOf']): Judged {
  const { deliveries, doubts } = joinLedgers(history, nodesOf(history) ?? []);
  const total = (figure: (delivery: Delivery) => number) =>
    deliveries.reduce((sum, delivery) => sum + figure(delivery), 0);
  const lostOf = (basis: EdgeSettings['lossOf']) =>
    total((delivery) => size(subtract(delivery[basis], delivery.received)));
  const published = total((delivery) => size(delivery[lossOf]));
  const lost = lostOf(lossOf);
  const acknowledged = total((delivery) => size(delivery.acknowledged));
  const reason = [
    `${lost} of ${published} messages ${lossOf} never arrived (of ${acknowledged} acknowledged, ${lostOf('acknowledged')})`,
    `${total(({ dropped }) => size(dropped))} dropped for want of room`,
    `${total(({ duplicates }) => duplicates)} duplicates`,
    `${total(({ reordered }) => reordered)} out of order`,
    `${total(({ late }) => late)} late`,
  ].join(', ');
  return judgeRate(lost, published, target, { reason, doubts: [...recordDoubts(history), ...doubts] });
}
