/** The plan that a command works by, and the suites that it names. */
import { loadPlan, parsePlan, planInvalid } from '../plan/load.ts';
import type { Plan } from '../plan/schema.ts';
import { refuseForeseen } from '../radius/forecast.ts';
import { withRadius } from '../radius/resolve.ts';
import type { ClusterHandle, Suite } from '../run/ports.ts';
import type { Profile } from '../verdict/verdict.ts';
import { overridesOf, type RunOptions } from './options.ts';
import type { Parts } from './parts.ts';

/** The suites that a plan names. @throws OrdealError PLAN_INVALID (exit 3) for one that there is not. */
export async function suitesOf(parts: Pick<Parts, 'suites'>, plan: Plan): Promise<Suite<ClusterHandle>[]> {
  return await Promise.all(
    plan.suites.map(async ({ name }, index) => {
      const load = parts.suites[name];
      if (load) return await load();
      const known = Object.keys(parts.suites).join(', ');
      throw planInvalid('choosing the suites', [
        { path: `suites.${index}.name`, message: `expected one of ${known}, got ${name}` },
      ]);
    }),
  );
}

/**
 * A plan with everything that it leaves out filled in, each suite's part checked by the suite and its faults against the
 * blast radius.
 * @throws OrdealError PLAN_INVALID, BLAST_RADIUS (exit 3)
 */
export function resolvedPlan(draft: Plan, suites: readonly Suite<ClusterHandle>[]): Plan {
  const resolved = suites.reduce((plan, suite) => suite.resolve(plan), draft);
  const plan = withRadius(
    resolved,
    suites.map(({ radius }) => radius),
  );
  refuseForeseen(
    plan,
    suites.map((suite) => suite.forecast(plan)),
  );
  return plan;
}

/** The plan that the options ask for, each suite's part checked by the suite. */
export async function planOf(
  parts: Pick<Parts, 'suites'>,
  options: RunOptions,
  profile?: Profile,
): Promise<{ plan: Plan; suites: Suite<ClusterHandle>[] }> {
  const overrides = overridesOf(profile ? { ...options, profile } : options);
  const draft = options.plan
    ? await loadPlan(options.plan, overrides)
    : parsePlan('', 'reading the command line', overrides);
  const suites = await suitesOf(parts, draft);
  return { plan: resolvedPlan(draft, suites), suites };
}
