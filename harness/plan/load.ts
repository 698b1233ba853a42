import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { EXIT, OrdealError } from '../errors/error.ts';
import { checkYaml, type Mistake, mistakeLine, readYaml, type Written } from './document.ts';
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
  for (const override of overrides) applyOverride(written.document, override, tried);
  const checked = checkYaml(written, Plan);
  if (Array.isArray(checked)) throw planInvalid(tried, checked);
  return checked.held;
}

function applyOverride(document: Written['document'], override: string, tried: string): void {
  const [, path, value] = /^([\w.-]+)=(.*)$/s.exec(override) ?? [];
  if (!path || value === undefined) {
    throw planInvalid(tried, [{ path: '--set', message: `expected path=value, got ${override}` }]);
  }
  const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const at = document.toJS() ?? {};
  // setIn makes maps only: a list is made where the next step is its index.
  let here = at;
  steps.forEach((step, index) => {
    if (index === steps.length - 1) {
      here[step] = parseDocument(value).toJS();
      return;
    }
    here[step] ??= typeof steps[index + 1] === 'number' ? [] : {};
    if (typeof here[step] !== 'object')
      throw planInvalid(tried, [{ path, message: `${steps.slice(0, index + 1).join('.')} is no map` }]);
    here = here[step];
  });
  document.contents = document.createNode(at) as typeof document.contents;
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
