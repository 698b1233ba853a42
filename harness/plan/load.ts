import { readFile } from 'node:fs/promises';
import { LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { EXIT, OrdealError } from '../errors/error.ts';
import { Plan } from './schema.ts';

export interface Mistake {
  /** `cluster.workers`; empty for the document itself. */
  path: string;
  message: string;
  line?: number;
}

export function planInvalid(tried: string, mistakes: readonly Mistake[]): OrdealError {
  const lines = mistakes.map(
    ({ path, message, line }) => `${path || 'the plan'}${line ? ` (line ${line})` : ''}: ${message}`,
  );
  return new OrdealError({
    code: 'PLAN_INVALID',
    exit: EXIT.usage,
    tried,
    seen: lines.join('\n  '),
    todo: 'mend each path named; `ordeal plan schema` prints what a plan may hold',
  });
}

/** Every issue of a zod error as a mistake below `prefix`. */
export function mistakesOf(error: z.ZodError, prefix: readonly PropertyKey[] = []): Mistake[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key].join('.'),
        message: 'unknown; a plan has no such field here',
      }));
    }
    return [{ path: path.join('.'), message: issue.message }];
  });
}

/**
 * A plan as it was written, with overrides `path=value` (values as YAML), checked and with defaults filled in.
 * @throws OrdealError PLAN_INVALID (exit 3) that lists every mistake with its path and, in a file, its line.
 */
export function parsePlan(text: string, tried: string, overrides: readonly string[] = []): Plan {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw planInvalid(
      tried,
      document.errors.map(({ message, pos }) => ({
        path: '',
        message: message.split('\n')[0] ?? message,
        line: lines.linePos(pos[0]).line,
      })),
    );
  }
  for (const override of overrides) applyOverride(document, override, tried);
  const parsed = Plan.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw planInvalid(
    tried,
    mistakesOf(parsed.error).map((mistake) => {
      const node = document.getIn(mistake.path.split('.'), true) as Node | undefined;
      const start = node?.range?.[0];
      return start === undefined ? mistake : { ...mistake, line: lines.linePos(start).line };
    }),
  );
}

function applyOverride(document: ReturnType<typeof parseDocument>, override: string, tried: string): void {
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
