import { readFile } from 'node:fs/promises';
import { EXIT, OrdealError } from '../errors/error.ts';
import { checkYaml, type Mistake, mistakeLine, plainOf, readYaml, type Written } from './document.ts';
import { Plan } from './schema.ts';

export function planInvalid(tried: string, mistakes: readonly Mistake[]): OrdealError {
  return new OrdealError({
    code: 'PLAN_INVALID',
    exit: EXIT.usage,
    tried,
    seen: mistakes.map((mistake) => mistakeLine(mistake, 'the plan')).join('\n  '),
    todo: 'mend each path named; `ordeal plan schema` prints what a plan may hold',
  });
}

/**
 * A plan as it was written, with overrides `path=value` (values as YAML), checked and with defaults filled in.
 * @throws OrdealError PLAN_INVALID (exit 3) that lists every mistake with its path and, in a file, its line.
 */
export function parsePlan(text: string, tried: string, overrides: readonly string[] = []): Plan {
  const written = readYaml(text);
  if (Array.isArray(written)) throw planInvalid(tried, written);
  for (const override of overrides) {
    const mistake = applyOverride(written, override);
    if (mistake) throw planInvalid(tried, [mistake]);
  }
  const checked = checkYaml(written, Plan);
  if (Array.isArray(checked)) throw planInvalid(tried, checked);
  return checked.held;
}

type Branch = Record<string, unknown> | unknown[];

/** Sets `path=value` in a document; what is wrong with it, where it could not be set. */
export function applyOverride(written: Written, override: string): Mistake | undefined {
  const [, path, text] = /^([\w.-]+)=(.*)$/s.exec(override) ?? [];
  if (!path || text === undefined)
    return { path: '--set', message: `expected path=value, got ${JSON.stringify(override)}` };
  const given = plainIn(readYaml(text));
  if (Array.isArray(given)) return { path, message: given[0]?.message ?? 'expected YAML' };
  const plain = plainOf(written);
  if (Array.isArray(plain)) return plain[0];
  const root = plain.value ?? {};
  if (!isBranch(root)) return { path, message: 'the plan is no map' };
  let here: Branch = root;
  const steps = path.split('.');
  for (const [index, step] of steps.entries()) {
    const last = index === steps.length - 1;
    const mistake = stepMistake(here, step);
    if (mistake) return { path, message: `${steps.slice(0, index).join('.') || 'the plan'} ${mistake}` };
    const branch = here as Record<string, unknown>;
    if (last) branch[step] = given.value;
    // setIn makes maps only: a list is made where the next step is its index.
    else if (!Object.hasOwn(branch, step)) branch[step] = isIndex(steps[index + 1] as string) ? [] : {};
    const next = branch[step];
    if (last) break;
    if (!isBranch(next)) return { path, message: `${steps.slice(0, index + 1).join('.')} is no map` };
    here = next;
  }
  written.document.contents = written.document.createNode(root) as typeof written.document.contents;
  return undefined;
}

function plainIn(read: Written | Mistake[]): { value: unknown } | Mistake[] {
  return Array.isArray(read) ? read : plainOf(read);
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null;
}

function isIndex(step: string): boolean {
  return /^\d+$/.test(step);
}

/** A list is never given gaps, and no object's own machinery is a field. */
function stepMistake(here: Branch, step: string): string | undefined {
  if (step === '__proto__') return 'has no field __proto__';
  if (!Array.isArray(here) || (isIndex(step) && Number(step) <= here.length)) return undefined;
  return `is a list of ${here.length}: expected an index up to ${here.length}, got ${step}`;
}

export async function loadPlan(path: string, overrides: readonly string[] = []): Promise<Plan> {
  const tried = `reading the plan ${path}`;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OrdealError({
      code: 'PLAN_UNREADABLE',
      exit: EXIT.usage,
      tried,
      seen: (error as Error).message,
      todo: 'give the path of a file; `ordeal plan init` prints one to start from',
      cause: error,
    });
  }
  return parsePlan(text, tried, overrides);
}
