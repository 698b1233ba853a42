import { constants, existsSync } from 'node:fs';
import { access, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { EXIT, OrdealError } from '../harness/errors/error.ts';
import { run, tryRun } from '../harness/exec/exec.ts';
import { makeWorkDir, removeWorkDir } from '../harness/run/work-dir.ts';

/** A generator starts a Java machine, or unpacks its own pages. */
const GENERATE_TIMEOUT_MS = 180_000;
/** Both generators’ pages tell Google of everyone who opens them. */
const ANALYTICS = /googletagmanager|google-analytics|\bgtag\s*\(/;

interface Generator {
  command: string;
  version: string;
}

export interface AllureOptions {
  /** A folder that is kept from run to run: what Allure has told of before, and what it told of now. */
  history?: string;
  /** Where commands are looked for. */
  path?: string;
}

/**
 * `allure-report/` from `allure-results/`: by allure 2 where Java is there to run it, else by allure 3, which is
 * JavaScript alone. Says which it was, and why.
 * @throws OrdealError ALLURE_MISSING, ALLURE_ANALYTICS or that of a command that failed (exit 4)
 */
export async function generateAllure(
  outDir: string,
  { history, path = process.env.PATH ?? '' }: AllureOptions = {},
): Promise<string> {
  const { generator, why } = await chosen(path);
  const results = join(outDir, 'allure-results');
  const report = join(outDir, 'allure-report');
  const scratch = makeWorkDir('allure-');
  try {
    await rm(report, { recursive: true, force: true });
    if (history !== undefined) await mkdir(history, { recursive: true });
    const generate = generator.version.startsWith('2.') ? byAllure2 : byAllure3;
    await generate(generator.command, { results, report, scratch, history });
  } finally {
    await removeWorkDir(scratch);
  }
  const index = join(report, 'index.html');
  const page = withoutAnalytics(await readFile(index, 'utf8'));
  if (ANALYTICS.test(page)) throw analyticsLeft(index);
  await writeFile(index, page);
  return `${index}, by allure ${generator.version} (${why})`;
}

interface Folders {
  results: string;
  report: string;
  scratch: string;
  history: string | undefined;
}

/** It takes its history from among the results, and leaves it in the report: the run’s own results stay as they are. */
async function byAllure2(command: string, { history, report, results, scratch }: Folders): Promise<void> {
  const kept = history === undefined ? undefined : join(history, 'allure-2');
  const own = join(scratch, 'results');
  await cp(results, own, { recursive: true });
  if (kept !== undefined && existsSync(kept)) await cp(kept, join(own, 'history'), { recursive: true });
  await generated([command, 'generate', own, '--output', report], scratch);
  if (kept !== undefined) await replaced(join(report, 'history'), kept);
}

/** It appends to a file of its own. */
async function byAllure3(command: string, { history, report, results, scratch }: Folders): Promise<void> {
  const config = join(scratch, 'allurerc.json');
  const kept = history === undefined ? {} : { historyPath: join(history, 'allure-3.jsonl') };
  await writeFile(config, JSON.stringify(kept));
  await generated([command, 'generate', results, '--output', report, '--config', config], scratch);
}

async function generated(argv: readonly string[], cwd: string): Promise<void> {
  await run(argv, { cwd, timeoutMs: GENERATE_TIMEOUT_MS });
}

async function replaced(from: string, to: string): Promise<void> {
  await cp(from, `${to}.new`, { recursive: true });
  await rm(to, { recursive: true, force: true });
  await rename(`${to}.new`, to);
}

/** A generator’s page without the scripts that report its readers; the rest byte for byte. */
export function withoutAnalytics(page: string): string {
  return page.replace(/<script\b[^>]*>[\s\S]*?<\/script>/gi, (script) =>
    ANALYTICS.test(script) ? '' : script,
  );
}

/** Both go by one name: every `allure` on the path is asked what it is, and one that lacks its Java does not answer. */
async function chosen(path: string): Promise<{ generator: Generator; why: string }> {
  const found: Generator[] = [];
  const mute: string[] = [];
  for (const command of path.split(delimiter).map((folder) => join(folder, 'allure'))) {
    if (!(await executable(command))) continue;
    const told = await tryRun([command, '--version']);
    const version = told.exitCode === 0 ? told.stdout.trim() : '';
    if (/^[23]\./.test(version)) found.push({ command, version });
    else mute.push(`${command} ended with exit code ${told.exitCode}: ${told.stderr || told.stdout}`);
  }
  const [two, three] = ['2.', '3.'].map((major) => found.find(({ version }) => version.startsWith(major)));
  if (two) return { generator: two, why: 'Java is there to run it' };
  if (three) return { generator: three, why: 'in JavaScript, for no allure 2 answers here' };
  throw missing(mute);
}

async function executable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function missing(mute: readonly string[]): OrdealError {
  return new OrdealError({
    code: 'ALLURE_MISSING',
    exit: EXIT.unable,
    tried: 'looking for the command allure on the PATH',
    seen: mute.join('; ') || 'there is none',
    todo: 'npm install --global allure@3.18.0, which needs no Java; allure-results are there for any other tool',
  });
}

function analyticsLeft(index: string): OrdealError {
  return new OrdealError({
    code: 'ALLURE_ANALYTICS',
    exit: EXIT.unable,
    tried: `taking the analytics script out of ${index}`,
    seen: 'one is left, so this version of allure writes it in another way',
    todo: 'use allure 3.18.0, or do not open the page where that matters',
  });
}
