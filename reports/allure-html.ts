import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, OrdealError } from '../harness/errors/error.ts';
import { run, tryRun } from '../harness/exec/exec.ts';

/** A generator starts a Java machine, or unpacks its own pages. */
const GENERATE_TIMEOUT_MS = 180_000;
/** Both generators’ pages tell Google of everyone who opens them. */
const ANALYTICS = /googletagmanager|google-analytics|\bgtag\s*\(/;

/**
 * `allure-report/` from `allure-results/`, by the `allure` command on PATH: 2 (Java) or 3 (JavaScript). Says which it was.
 * @throws OrdealError ALLURE_MISSING, ALLURE_ANALYTICS or that of a command that failed (exit 4)
 */
export async function generateAllure(outDir: string, command = 'allure'): Promise<string> {
  const version = await versionOf(command);
  const report = join(outDir, 'allure-report');
  const clean = version.startsWith('2.') ? ['--clean'] : [];
  await run([command, 'generate', join(outDir, 'allure-results'), '--output', report, ...clean], {
    cwd: outDir,
    timeoutMs: GENERATE_TIMEOUT_MS,
  });
  const index = join(report, 'index.html');
  const page = withoutAnalytics(await readFile(index, 'utf8'));
  if (ANALYTICS.test(page)) throw analyticsLeft(index);
  await writeFile(index, page);
  return `${index}, by allure ${version}`;
}

/** A generator’s page without the scripts that report its readers; the rest byte for byte. */
export function withoutAnalytics(page: string): string {
  return page.replace(/<script\b[^>]*>[\s\S]*?<\/script>/gi, (script) =>
    ANALYTICS.test(script) ? '' : script,
  );
}

async function versionOf(command: string): Promise<string> {
  const found = await tryRun([command, '--version']).catch(() => undefined);
  if (found?.exitCode === 0) return found.stdout.trim();
  throw new OrdealError({
    code: 'ALLURE_MISSING',
    exit: EXIT.unable,
    tried: `running ${command} --version`,
    seen: found ? `exit code ${found.exitCode}: ${found.stderr}` : 'there is no such command that runs',
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
