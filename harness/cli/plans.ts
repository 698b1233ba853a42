import { stringify } from 'yaml';
import { z } from 'zod';
import { EXIT, type ExitCode } from '../errors/error.ts';
import { loadPlan, parsePlan } from '../plan/load.ts';
import { Plan } from '../plan/schema.ts';
import type { Parts } from './parts.ts';
import { suiteNames, suiteOverrides } from './runs.ts';

async function resolved(parts: Parts, plan: Plan): Promise<Plan> {
  const suites = await Promise.all(plan.suites.flatMap(({ name }) => parts.suites[name]?.() ?? []));
  return suites.reduce((so, suite) => suite.resolve(so), plan);
}

/** `ordeal plan init`: a plan with every default written out. */
export async function planInit(parts: Parts): Promise<ExitCode> {
  const plan = parsePlan('', 'writing a plan', suiteOverrides(suiteNames(parts)));
  process.stdout.write(stringify(await resolved(parts, plan)));
  return EXIT.certified;
}

/** `ordeal plan validate FILE`. @throws OrdealError PLAN_INVALID with every mistake. */
export async function planValidate(parts: Parts, file: string): Promise<ExitCode> {
  await resolved(parts, await loadPlan(file));
  process.stdout.write(`${file} is a plan\n`);
  return EXIT.certified;
}

/** `ordeal plan explain FILE`: the plan as it would run. */
export async function planExplain(parts: Parts, file: string): Promise<ExitCode> {
  process.stdout.write(stringify(await resolved(parts, await loadPlan(file))));
  return EXIT.certified;
}

/** `ordeal plan schema`: for editors. */
export function planSchema(): ExitCode {
  process.stdout.write(`${JSON.stringify(z.toJSONSchema(Plan, { io: 'input' }), undefined, 2)}\n`);
  return EXIT.certified;
}
