import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter } from '../harness/run/ports.ts';
import type { Verdict } from '../harness/verdict/verdict.ts';
import { bound, faultStory, figure, outcomeWord, threshold, verdictWord } from './figure.ts';
import { nodeFacts } from './nodes.ts';
import { plainLine } from './text.ts';

/** `summary.md`, and the same in a GitHub job's step summary where the environment names one. */
export const markdownReporter: Reporter = {
  name: 'markdown',
  async report({ verdict, outDir, env }) {
    const path = join(outDir, 'summary.md');
    const text = markdown(verdict);
    await mkdir(outDir, { recursive: true });
    await writeFile(path, text);
    if (!env.GITHUB_STEP_SUMMARY) return [path];
    await appendFile(env.GITHUB_STEP_SUMMARY, `${text}\n`);
    return [path, env.GITHUB_STEP_SUMMARY];
  },
};

/** The text that `summary.md` holds: GitHub-flavoured Markdown. */
export function markdown(verdict: Verdict): string {
  const { cluster, requirements, faults, reasons } = verdict;
  const versions = Object.entries(cluster.versions).map(([name, version]) => `${name} ${version}`);
  const blocks = [
    [`## ${outcomeWord[verdict.verdict]}: profile ${verdict.profile}`],
    [escapeMarkdown(verdict.summary)],
    table(
      ['requirement', 'verdict', 'measured', 'required', 'samples', 'bound', 'evidence', 'reason'],
      requirements.map((requirement) => [
        `${requirement.id} ${requirement.title}`,
        verdictWord(requirement),
        figure(requirement.measured, requirement.unit),
        threshold(requirement),
        String(requirement.samples),
        bound(requirement),
        requirement.evidence,
        requirement.reason,
      ]),
    ),
    table(
      ['fault', 'kind', 'target', 'mechanism', 'what became of it'],
      faults.map((fault) => [fault.id, fault.kind, fault.target, fault.mechanism, faultStory(fault)]),
    ),
    reasons.map((reason) => `- ${escapeMarkdown(reason)}`),
    [
      escapeMarkdown(
        `Run ${verdict.runId}, level ${verdict.level}, seed ${verdict.seed}, on ${cluster.name}: ` +
          [cluster.provider, cluster.evidence, ...versions].join(', '),
      ),
    ],
    nodeFacts(cluster).map(([, text]) => `- ${escapeMarkdown(text)}`),
    verdict.replay === '' ? [] : [`Again: ${codeSpan(verdict.replay)}`],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(header),
    line(header.map(() => '---')),
    ...rows.map((cells) => line(cells.map((cell) => escapeMarkdown(cell)))),
  ];
}

/** One line that shows as it is: no markup, no HTML, no link, no mention, no further cell. */
export function escapeMarkdown(text: string): string {
  return plainLine(text)
    .replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] as string)
    .replace(/[\\`*_[\]#|~$]/g, '\\$&')
    .replace(/@/g, '&#64;');
}

/** Text between more backticks than it holds in a row. */
function codeSpan(text: string): string {
  const plain = plainLine(text);
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${plain} ${fence}`;
}
