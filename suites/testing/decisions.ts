import type { LedgerLine } from '../../clusters/gpu-node/ledger.ts';
import { type EngineEvents, eventsOf, type History } from '../../harness/history/event.ts';
import type { SuiteEvents } from '../gpu/events.ts';

type Line<Type extends LedgerLine['type']> = Extract<LedgerLine, { type: Type }>;

/** What a run of suite gpu decided, in the order that it did: what is the seed’s and the plan’s, and not the clock’s. */
export interface Decisions {
  /** Faults as they were injected, with their targets; Jobs as they were made; the node whose plugin is restarted. */
  schedule: object[];
  /** The fake nodes’ settings, their seeds among them, by node. */
  nodes: Record<string, unknown>;
  /** Each association’s latency as it was drawn, by node, in the order that the plugin was asked for them, in ms. */
  drawn: Record<string, number[]>;
}

/** Names of the run’s own, its times, and what it measured of this machine are left out. */
export function decisionsOf(history: History): Decisions {
  const [started] = eventsOf<EngineEvents['run.started']>(history, 'run.started');
  const runId = started?.body.runId ?? '';
  const decided: Decisions = { schedule: [], nodes: {}, drawn: {} };
  for (const { body, source, type } of history) {
    if (type === 'fault.injecting') {
      const { fault, kind, mechanism, target } = body as EngineEvents['fault.injecting'];
      decided.schedule.push({ fault, kind, mechanism, target: target.replaceAll(runId, 'RUN') });
    } else if (type === 'job.created') {
      const { job, phase, replicas } = body as SuiteEvents['job.created'];
      decided.schedule.push({ job, phase, replicas });
    } else if (type === 'restart.went') {
      decided.schedule.push(body as SuiteEvents['restart.went']);
    } else if (type === 'ledger.settings.applied') {
      decided.nodes[source] = (body as Line<'settings.applied'>).settings;
    }
  }
  const associations = eventsOf<Line<'driver.associated'>>(history, 'ledger.driver.associated');
  const asked = ({ body }: (typeof associations)[number]) => Number(body.allocation.split('-').at(-1));
  for (const { body, source } of [...associations].sort((a, b) => asked(a) - asked(b)))
    decided.drawn[source] = [...(decided.drawn[source] ?? []), body.drawnMs];
  return decided;
}
