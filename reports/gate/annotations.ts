import type { Decision } from '../../harness/gate/decision.ts';
import { plainLine } from '../text.ts';

/**
 * A decision as GitHub's workflow commands, which become annotations of the job: an error for what shuts the gate, a
 * warning for what a person should look at. Empty for a gate that is open without a waiver.
 */
export function gateAnnotations({ requirements, runs, waivers }: Decision): string {
  const annotations = [
    ...runs
      .filter(({ standing, todo }) => standing === 'disbelieved' || todo !== null)
      .map(({ dir, reasons }) => command('error', `gate: ${dir}`, reasons.join('; '))),
    ...requirements
      .filter(({ status }) => status === 'refused' || status === 'not-proven')
      .map(({ id, status, reason, todo }) =>
        command('error', `gate: ${id} ${status}`, `${reason}. To do: ${todo}`),
      ),
    ...requirements
      .filter(({ status }) => status === 'waived')
      .map(({ id, reason }) => command('warning', `gate: ${id} waived`, reason)),
    ...waivers
      .filter(({ status }) => status !== 'covers')
      .map(({ requirement, status, note }) =>
        command('warning', `gate: waiver of ${requirement} ${status}`, note),
      ),
  ];
  return annotations.map((line) => `${line}\n`).join('');
}

/**
 * Escaped as actions/toolkit does: what a run recorded must not become a command of its own.
 * https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
 */
function command(name: 'error' | 'warning', title: string, message: string): string {
  const data = (text: string) => plainLine(text).replaceAll('%', '%25');
  const property = data(title).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${name} title=${property}::${data(message)}`;
}
