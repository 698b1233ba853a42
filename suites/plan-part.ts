import type { z } from 'zod';
import { mistakesOf } from '../harness/plan/document.ts';
import { planInvalid } from '../harness/plan/load.ts';
import type { Plan, SuitePlan } from '../harness/plan/schema.ts';

interface Part<Settings, Remedies> {
  settings: { schema: z.ZodType<Settings>; defaults: object };
  /** The profile's; they may depend on the settings, where those are right. */
  remedies: { schema: z.ZodType<Remedies>; defaults: (settings: Settings | undefined) => object };
  workers: number;
}

/** What a plan says of one suite, and where. */
export function partOf(plan: Plan, suite: string): { part: SuitePlan; index: number } {
  const index = plan.suites.findIndex(({ name }) => name === suite);
  return { part: plan.suites[index] as SuitePlan, index };
}

/**
 * Fills in a suite's part of a plan, and how many workers it wants where nothing says.
 * @throws OrdealError PLAN_INVALID (exit 3) with every path.
 */
export function resolvePart<Settings, Remedies>(
  plan: Plan,
  suite: string,
  wanted: Part<Settings, Remedies>,
): Plan {
  const { part, index } = partOf(plan, suite);
  const settings = wanted.settings.schema.safeParse({ ...wanted.settings.defaults, ...part.settings });
  const profile = wanted.remedies.defaults(settings.success ? settings.data : undefined);
  const remedies = wanted.remedies.schema.safeParse({ ...profile, ...part.remedies });
  const mistakes = [
    ...(settings.success ? [] : mistakesOf(settings.error, ['suites', index, 'settings'])),
    ...(remedies.success ? [] : mistakesOf(remedies.error, ['suites', index, 'remedies'])),
  ];
  if (!settings.success || !remedies.success) {
    throw planInvalid(`checking the plan of suite ${suite}`, mistakes);
  }
  const resolved = {
    ...part,
    settings: settings.data as Record<string, unknown>,
    remedies: remedies.data as Record<string, unknown>,
  };
  return {
    ...plan,
    cluster: { ...plan.cluster, workers: wanted.workers },
    suites: plan.suites.map((other, at) => (at === index ? resolved : other)),
  };
}
