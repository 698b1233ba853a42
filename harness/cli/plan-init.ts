import { existsSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { EXIT, type ExitCode, messageOf, OrdealError } from '../errors/error.ts';
import { Level, Profile } from '../verdict/verdict.ts';
import { type RunOptions, suiteNames } from './options.ts';
import type { Parts } from './parts.ts';
import { planOf } from './plan-of.ts';
import { type Asker, asking } from './questions.ts';

/** `--out` is the plan’s own file. */
export type PlanInitOptions = RunOptions & { yes: boolean };

/** What editors check a plan by; a test holds it against the plan’s own schema. */
const SCHEMA = resolve(import.meta.dirname, '..', 'plan', 'plan.schema.json');
const OWN_FILE = 'plan.yaml';

/** The terminal, as the process has it. */
export interface Terminal {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * `ordeal plan init`: a plan with every default written out, into a file or on standard output, with the address of its
 * schema for editors. On a terminal it asks, unless an option answers.
 */
export async function planInit(
  parts: Parts,
  options: PlanInitOptions,
  { stdin, stdout, stderr }: Terminal = process,
): Promise<ExitCode> {
  const asks = stdin.isTTY === true && stderr.isTTY === true && !answered(options);
  const answers = asks
    ? await asking({ input: stdin, output: stderr }, (ask) =>
        planAnswers(parts, options, { ask, file: stdout.isTTY === true }),
      )
    : options;
  const { out } = answers;
  const suite = answers.suite.length > 0 ? answers.suite : suiteNames(parts);
  const { plan } = await planOf(parts, { ...answers, suite });
  const schema = relative(dirname(resolve(out ?? OWN_FILE)), SCHEMA).replaceAll('\\', '/');
  const text = `# yaml-language-server: $schema=${schema}\n${stringify(plan)}`;
  if (out === undefined) {
    stdout.write(text);
    return EXIT.certified;
  }
  writeNew(out, text);
  stdout.write(`${out}: a plan; next: ordeal plan explain ${out}, ordeal run --plan ${out}\n`);
  return EXIT.certified;
}

function answered({ out: _, quiet: __, set, suite, yes, ...named }: PlanInitOptions): boolean {
  return yes || set.length > 0 || suite.length > 0 || Object.values(named).some(Boolean);
}

/** The answers as options; `file`: also where the plan goes. */
export async function planAnswers(
  parts: Pick<Parts, 'providers' | 'scenarios' | 'suites'>,
  options: PlanInitOptions,
  { ask, file }: { ask: Asker; file: boolean },
): Promise<PlanInitOptions> {
  const among = (choices: readonly string[]) => (answer: string) =>
    choices.includes(answer) ? undefined : `expected one of ${choices.join(', ')}`;
  const one = async (what: string, choices: readonly string[], otherwise: string) =>
    await ask({ ask: `${what} (${choices.join(', ')})`, otherwise, wrong: among(choices) });
  const names = suiteNames(parts);
  const listed = (answer: string) => answer.split(',').map((name) => name.trim());
  const suite = listed(
    await ask({
      ask: 'suites, with commas between them',
      otherwise: names.join(', '),
      wrong: (answer) => listed(answer).map(among(names)).find(Boolean),
    }),
  );
  const profile = await one('profile', Profile.options, 'hardened');
  const level = await one('level', Level.options, 'standard');
  const cluster = await one('cluster', Object.keys(parts.providers), 'embedded');
  const answers: PlanInitOptions = { ...options, suite, profile, level, cluster };
  const optional = async (what: string, shape: RegExp) =>
    await ask({
      ask: `${what}; empty for its own`,
      wrong: (answer) => (answer === '' || shape.test(answer) ? undefined : 'that is none'),
    });
  if (cluster === 'existing') {
    const known = (answer: string) => (answer === '' ? 'expected the name of one' : undefined);
    answers.context = await ask({ ask: 'context of the kubeconfig', wrong: known });
  } else {
    const version = await optional('version of Kubernetes, such as 1.34.4', /^\d+\.\d+(\.\d+)?$/);
    const workers = await optional('worker nodes', /^[1-9]\d*$/);
    if (version) answers.kubernetes = version;
    if (workers) answers.workers = workers;
  }
  if (file && answers.out === undefined) {
    const taken = (answer: string) => (existsSync(answer) ? `${answer} is there already` : undefined);
    answers.out = await ask({ ask: 'file', otherwise: OWN_FILE, wrong: taken });
  }
  return answers;
}

/** Never over a plan that somebody has written. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new OrdealError({
      code: 'PLAN_NOT_WRITTEN',
      exit: EXIT.usage,
      tried: `writing the plan ${path}`,
      seen: messageOf(error),
      todo: 'name another file with --out, in a folder that is there',
      cause: error,
    });
  }
}
