import type { Plan } from '../../harness/plan/schema.ts';
import type { Requirement } from '../../harness/verdict/verdict.ts';
import { kubernetesOf, seenOf } from './checkers/seen.ts';
import { knownOn, withKnown } from './known.ts';
import { rowOf } from './rows.ts';
import { scenarioOf } from './scenarios/all.ts';
import { settingsOf } from './settings.ts';

/** What a row allows at the most, in its own unit: the plan's, or the scenario's. */
export function thresholdOf(plan: Plan, id: string): number {
  return plan.requirements[id]?.threshold ?? scenarioOf(id).threshold;
}

/** A requirement for each row that the plan names, under the row's own id. */
export function requirements(plan: Plan): Requirement[] {
  const { settings } = settingsOf(plan);
  return settings.scenarios.map((id) => {
    const scenario = scenarioOf(id);
    const target = { level: plan.level, threshold: thresholdOf(plan, id) };
    return {
      id,
      title: rowOf(id).title,
      evidence: (history) => seenOf(history, id, 'overlay.up').at(-1)?.body.evidence,
      check: (history) =>
        withKnown(scenario.check(history, target, settings), knownOn(id, kubernetesOf(history))),
    };
  });
}
