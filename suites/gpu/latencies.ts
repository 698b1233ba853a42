import type { LedgerLine } from '../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History } from '../../harness/history/event.ts';
import type { ProbeSeen } from './events.ts';

type Allocated = Extract<LedgerLine, { type: 'plugin.allocated' }>;

/** Ms from Allocate's answer to the container's first look, by the node's own wall clock on both ends. */
export function startLatencies(history: History): number[] {
  const answered = new Map(
    eventsOf<Allocated>(history, 'ledger.plugin.allocated').map(({ body }) => [body.allocation, body.at]),
  );
  return eventsOf<ProbeSeen>(history, 'gpu.probe').flatMap(({ body }) => {
    const at = answered.get(body.allocation);
    return body.n === 0 && at !== undefined ? [body.at - at] : [];
  });
}
