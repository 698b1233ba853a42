import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Comparison } from '../../harness/comparison/comparison.ts';
import { COMPARISON_FILE } from '../../harness/run/files.ts';
import type { ReportContext } from '../../harness/run/ports.ts';
import { comparisonText } from './console.ts';
import { comparisonMarkdown } from './markdown.ts';

/**
 * Writes `comparison.json` and `comparison.md`, shows the comparison, and appends it to a GitHub job's step summary where
 * the environment names one. Returns the paths that it wrote.
 */
export async function reportComparison(
  comparison: Comparison,
  { env, outDir, stdout }: Pick<ReportContext, 'env' | 'outDir' | 'stdout'>,
): Promise<string[]> {
  const [json, markdown] = [join(outDir, COMPARISON_FILE), join(outDir, 'comparison.md')];
  const text = comparisonMarkdown(comparison);
  await mkdir(outDir, { recursive: true });
  await writeFile(json, `${JSON.stringify(comparison, null, 2)}\n`);
  await writeFile(markdown, text);
  stdout.write(comparisonText(comparison));
  if (!env.GITHUB_STEP_SUMMARY) return [json, markdown];
  await appendFile(env.GITHUB_STEP_SUMMARY, `${text}\n`);
  return [json, markdown, env.GITHUB_STEP_SUMMARY];
}
