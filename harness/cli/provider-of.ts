import { EXIT, OrdealError } from '../errors/error.ts';
import { planInvalid } from '../plan/load.ts';
import type { Plan } from '../plan/schema.ts';
import type { Parts } from './parts.ts';

/**
 * The provider of a plan's cluster, once it has found what it needs on this machine.
 * @throws OrdealError PLAN_INVALID (exit 3) where there is none of that name, PROVIDER_NOT_READY (exit 4).
 */
export async function providerOf(parts: Pick<Parts, 'providers'>, plan: Plan) {
  const load = parts.providers[plan.cluster.provider];
  if (!load) {
    const known = Object.keys(parts.providers).join(', ');
    throw planInvalid('choosing the cluster', [
      {
        path: 'cluster.provider',
        message: `expected one of ${known} in this version, got ${plan.cluster.provider}`,
      },
    ]);
  }
  const provider = await load();
  const missing = (await provider.readiness(plan)).filter(({ ok }) => !ok);
  if (missing.length === 0) return provider;
  throw new OrdealError({
    code: 'PROVIDER_NOT_READY',
    exit: EXIT.unable,
    tried: `using the provider ${provider.name}`,
    seen: missing.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
    todo: missing.map(({ mend }) => mend ?? 'see ordeal doctor').join('; '),
  });
}
