import { z } from 'zod';
import { EXIT, type ExitCode } from '../errors/error.ts';
import { loadPlan } from '../plan/load.ts';
import { Plan } from '../plan/schema.ts';
import { explained } from './explain.ts';
import { suiteNames } from './options.ts';
import type { Parts } from './parts.ts';
import { planOf, resolvedPlan, suitesOf } from './plan-of.ts';

async function resolved(parts: Parts, plan: Plan): Promise<Plan> {
  return resolvedPlan(plan, await suitesOf(parts, plan));
}

/** `ordeal plan validate FILE`. @throws OrdealError PLAN_INVALID with every mistake. */
export async function planValidate(parts: Parts, file: string): Promise<ExitCode> {
  await resolved(parts, await loadPlan(file));
  process.stdout.write(`${file} is a plan\n`);
  return EXIT.certified;
}

/** `ordeal plan explain [FILE]`: what would be done, and the plan as it would run; the default one without a file. */
export async function planExplain(parts: Parts, file: string | undefined): Promise<ExitCode> {
  const suite = file === undefined ? suiteNames(parts) : [];
  const { plan, suites } = await planOf(parts, { ...(file && { plan: file }), suite, set: [], quiet: true });
  process.stdout.write(explained(plan, suites));
  return EXIT.certified;
}

/** `ordeal plan schema`: for editors. */
export function planSchema(): ExitCode {
  process.stdout.write(`${JSON.stringify(z.toJSONSchema(Plan, { io: 'input' }), undefined, 2)}\n`);
  return EXIT.certified;
}
