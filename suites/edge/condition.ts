import { type AnyLink, isFound } from '../../clusters/network/port.ts';
import type { History } from '../../harness/history/event.ts';
import { edgeEvents } from './events.ts';
import { farEndOf } from './far-end.ts';
import { size } from './ranges.ts';
import { fresh } from './watchdog/judgement.ts';
import type { EdgeLineOf, ProbePath } from './workload/ledger.ts';

/** The link carries what pods send; of one that was found nothing can be seen but that. */
export function linkIsWell(history: History, link: AnyLink): boolean {
  return isFound(link) ? answers(history, link.node, 'tunnel') : tunnelIsWell(history, link.node);
}

/** The link's tunnel has a usable session and hears the far end, by the last two samples and the last probes. */
function tunnelIsWell(history: History, node: string): boolean {
  const samples = edgeEvents(history, 'tunnel.sample').filter(({ body }) => body.node === node);
  const [before, last] = samples.slice(-2);
  if (!before || !last || !fresh(last.body) || last.body.rxBytes <= before.body.rxBytes) return false;
  return answers(history, node, 'tunnel');
}

/** The last probes of a node, by one way, were answered by the cloud’s end of it. */
export function answers(history: History, node: string, path: ProbePath): boolean {
  const last = history.findLast(
    ({ type, body }) =>
      type === 'ledger.probe.run' &&
      (body as { node: string }).node === node &&
      (body as { path: ProbePath }).path === path,
  );
  const run = last?.body as EdgeLineOf<'probe.run'> | undefined;
  if (!run?.ok) return false;
  return farEndOf(history)(run);
}

/** The broker has acknowledged messages of the node's publisher. */
export function publishes(history: History, node: string): boolean {
  return edgeEvents(history, 'ledger.collector.published').some(
    ({ body }) => body.publisher === node && body.acknowledged.length > 0,
  );
}

/** Measurements made so far, by the publishers' ledgers. */
export function attempted(history: History): number {
  return edgeEvents(history, 'ledger.collector.published').reduce(
    (sum, { body }) => sum + size(body.attempted),
    0,
  );
}
