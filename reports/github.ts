import type { Reporter } from '../harness/run/ports.ts';
import type { Verdict } from '../harness/verdict/verdict.ts';
import { figure, outcomeWord, threshold } from './figure.ts';
import { plainLine } from './text.ts';

/**
 * Annotations of a GitHub job, where the environment says that this is one: an error for the whole and for each
 * requirement that failed, a warning for each that is inconclusive, and a notice for a pass.
 * https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export const githubReporter: Reporter = {
  name: 'github',
  speaks: true,
  async report({ env, expected, stdout, verdict }) {
    // A control that is refused as it has to be is nothing to alarm anyone with.
    const asItHasTo = verdict.verdict === expected && expected !== 'pass';
    if (env.GITHUB_ACTIONS === 'true' && !asItHasTo) stdout.write(annotations(verdict));
    return [];
  },
};

/** The workflow commands, a line each; the whole first, for GitHub shows ten of a kind. */
export function annotations({ profile, requirements, summary, verdict }: Verdict): string {
  const whole = command(
    verdict === 'pass' ? 'notice' : 'error',
    `${outcomeWord[verdict]}: profile ${profile}`,
    summary,
  );
  const others = requirements
    .filter((requirement) => requirement.verdict !== 'pass' && !requirement.skipped)
    .map((requirement) => {
      const { id, measured, reason, title, unit } = requirement;
      const figures = `measured ${figure(measured, unit)}, required ${threshold(requirement)}`;
      const level = requirement.verdict === 'fail' ? 'error' : 'warning';
      return command(level, `${id} ${title}`, `${reason} (${figures})`);
    });
  return [whole, ...others].join('');
}

function command(level: 'error' | 'warning' | 'notice', title: string, message: string): string {
  const property = escaped(title).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${property}::${escaped(message)}\n`;
}

/** One line, in which nothing is a command’s end. */
function escaped(text: string): string {
  return plainLine(text).replaceAll('%', '%25');
}
