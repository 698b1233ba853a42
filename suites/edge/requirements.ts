import type { History } from '../../harness/history/event.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import type { Requirement } from '../../harness/verdict/verdict.ts';
import type { Judged, Target } from '../judged.ts';
import { checkDisconnect } from './checkers/disconnect.ts';
import { checkFrequency } from './checkers/frequency.ts';
import { checkHost } from './checkers/host.ts';
import { checkLoss } from './checkers/loss.ts';
import { checkNotice } from './checkers/notice.ts';
import { checkSelfHeal } from './checkers/self-heal.ts';
import { edgeEvents } from './events.ts';
import { type EdgeSettings, noticeBudgetMs, settingsOf } from './settings.ts';

interface Definition {
  id: string;
  title: string;
  threshold(settings: EdgeSettings): number;
  check(history: History, target: Target, settings: EdgeSettings): Judged;
}

/** The thresholds are the incident's: what its remedies reached. */
const DEFINITIONS: readonly Definition[] = [
  { id: 'EDGE-1', title: 'longest disconnect', threshold: () => 10, check: checkDisconnect },
  {
    id: 'EDGE-2',
    title: 'messages lost',
    threshold: () => 0.1,
    check: (history, target, { lossOf }) => checkLoss(history, target, lossOf),
  },
  {
    id: 'EDGE-3',
    title: 'the orchestrator notices a disconnect',
    threshold: (settings) => noticeBudgetMs(settings) / 1_000,
    check: checkNotice,
  },
  { id: 'EDGE-4', title: 'the tunnel heals without a hand', threshold: () => 10, check: checkSelfHeal },
  { id: 'EDGE-5', title: 'the host’s network stays fine', threshold: () => 1, check: checkHost },
  {
    id: 'EDGE-6',
    title: 'disconnects an hour',
    threshold: () => 0,
    check: (history, target, { disconnectAfter }) => checkFrequency(history, target, disconnectAfter),
  },
];

export function requirements(plan: Plan): Requirement[] {
  const { settings } = settingsOf(plan);
  return DEFINITIONS.map(({ id, title, threshold, check }) => {
    const target = { level: plan.level, threshold: plan.requirements[id]?.threshold ?? threshold(settings) };
    return {
      id,
      title,
      check: (history) => check(history, target, settings),
      // The orchestrator is the cluster's own; all else is seen on the network.
      evidence: (history) =>
        id === 'EDGE-3' ? undefined : edgeEvents(history, 'network.up')[0]?.body.evidence,
    };
  });
}
