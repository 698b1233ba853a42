/** Runs a composite action as GitHub's runner does: its scripts for real, what it uses of others written down. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const text = z.union([z.string(), z.number()]).transform(String);
const Step = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), text).default({}),
  shell: z.literal('bash').optional(),
  env: z.record(z.string(), z.string()).default({}),
  run: z.string().optional(),
});
const Action = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z.record(z.string(), z.strictObject({ description: z.string(), default: z.string().default('') })),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({ using: z.literal('composite'), steps: z.array(Step) }),
});
export type Action = z.infer<typeof Action>;

export function readAction(folder: string): Action {
  return Action.parse(parse(readFileSync(join(folder, 'action.yml'), 'utf8')));
}

export interface ActionRun {
  /** Of the first step that failed, else 0. */
  code: number;
  outputs: Record<string, string>;
  summary: string;
  /** What the scripts said. */
  log: string;
  /** Actions of others that a runner would have run. */
  used: { uses: string; with: Record<string, string> }[];
}

export interface ActionOptions {
  /** The action's own. */
  folder: string;
  /** In which its scripts run. */
  workspace: string;
  inputs: Record<string, string>;
  env?: NodeJS.ProcessEnv;
  /** Sees each script's shell as it starts. */
  onShell?(shell: ChildProcess, step: string): void;
}

/** Runs every step in its order; after one that failed only those that say `always()`. */
export async function runAction(options: ActionOptions): Promise<ActionRun> {
  const { folder, inputs, workspace } = options;
  const action = readAction(folder);
  const given = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, inputs[name] ?? input.default]),
  );
  const steps: Record<string, Record<string, string>> = {};
  const said: ActionRun = { code: 0, outputs: {}, summary: '', log: '', used: [] };
  const evaluated = (value: string) => evaluate(value, { inputs: given, steps });
  const files = mkdtempSync(join(tmpdir(), 'action-'));
  mkdirSync(workspace, { recursive: true });
  try {
    for (const [index, step] of action.runs.steps.entries()) {
      const always = step.if?.includes('always()') ?? false;
      if (said.code !== 0 && !always) continue;
      if (step.if && evaluated(step.if) === 'false') continue;
      if (step.uses) {
        said.used.push({ uses: step.uses, with: mapped(step.with, evaluated) });
        continue;
      }
      const paths = mapped({ script: 'sh', output: 'out', summary: 'md' }, (end) =>
        join(files, `${index}.${end}`),
      );
      for (const path of Object.values(paths)) writeFileSync(path, '');
      writeFileSync(paths.script as string, step.run ?? '');
      const env = {
        ...process.env,
        ...options.env,
        ...mapped(step.env, evaluated),
        GITHUB_ACTION_PATH: folder,
        GITHUB_OUTPUT: paths.output,
        GITHUB_STEP_SUMMARY: paths.summary,
      };
      // As the runner starts `shell: bash`.
      const argv = ['--noprofile', '--norc', '-eo', 'pipefail', paths.script as string];
      const shell = spawn('bash', argv, { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe'] });
      options.onShell?.(shell, step.name ?? '');
      for (const stream of [shell.stdout, shell.stderr]) {
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          said.log += chunk;
        });
      }
      const code = await new Promise<number | null>((resolve) => shell.once('close', resolve));
      if (said.code === 0) said.code = code ?? 128;
      if (step.id) steps[step.id] = outputsIn(readFileSync(paths.output as string, 'utf8'));
      said.summary += readFileSync(paths.summary as string, 'utf8');
    }
    said.outputs = mapped(
      mapped(action.outputs, ({ value }) => value),
      evaluated,
    );
    return said;
  } finally {
    rmSync(files, { recursive: true });
  }
}

/** Of GitHub's expressions those that an action here is written in; anything else throws. */
function evaluate(
  template: string,
  of: { inputs: Record<string, string>; steps: Record<string, Record<string, string>> },
): string {
  return template.replaceAll(/\$\{\{ (.+?) \}\}/g, (_, expression: string) => {
    const values = expression.split(' && ').map((term) => {
      if (term === 'always()') return 'true';
      const [, path, , comparison, literal] = /^([\w.-]+)( (==|!=) '(\w*)')?$/.exec(term) ?? [];
      const [kind, name, outputs, output] = path?.split('.') ?? [];
      const known =
        kind === 'inputs'
          ? of.inputs[name ?? '']
          : outputs === 'outputs'
            ? (of.steps[name ?? '']?.[output ?? ''] ?? '')
            : undefined;
      if (known === undefined) throw new Error(`an expression that is not known: ${expression}`);
      return comparison === undefined ? known : String((known === literal) === (comparison === '=='));
    });
    return values.length === 1 ? (values[0] as string) : String(values.every((value) => value === 'true'));
  });
}

function outputsIn(written: string): Record<string, string> {
  const lines = written.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function mapped<In>(values: Record<string, In>, by: (value: In) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, by(value)]));
}
