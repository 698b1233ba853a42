import type { Plan } from '../plan/schema.ts';
import type { Readiness } from '../run/ports.ts';
import type { Parts } from './parts.ts';

/**
 * One line: what this machine could show besides the plan's own cluster, and what a better-equipped one would add.
 * Empty where the plan runs on the only thing there is.
 */
export async function equipmentLine(parts: Parts, plan: Plan): Promise<string> {
  const here: string[] = [];
  const elsewhere: string[] = [];
  const sort = async (option: string, readiness: () => Promise<Readiness[]>, chosen = false) => {
    const missing = (await readiness()).filter(({ ok }) => !ok);
    const lacks = missing.map(({ name, detail }) => `${name}: ${detail}`).join(', ');
    if (missing.length === 0) here.push(...(chosen ? [] : [option]));
    else elsewhere.push(`${option} (${lacks})`);
  };
  for (const [name, load] of Object.entries(parts.providers)) {
    if (name !== plan.cluster.provider)
      await sort(`--cluster ${name}`, async () => (await load()).readiness());
  }
  if (plan.cluster.provider === 'embedded') {
    // Of those that are to be had, `auto` took the best.
    const chosen = plan.cluster.isolation !== 'process';
    for (const [name, readiness] of Object.entries(await parts.isolations()))
      await sort(`--isolation ${name}`, readiness, chosen);
  }
  const said = [
    ...(here.length > 0 ? [`this machine can also show ${here.join(', ')}`] : []),
    ...(elsewhere.length > 0 ? [`a better-equipped one would add ${elsewhere.join('; ')}`] : []),
  ];
  return said.length > 0 ? `more: ${said.join('; ')}\n` : '';
}
