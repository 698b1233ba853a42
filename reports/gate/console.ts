import type { Decision, RequirementDecision, RunDecision } from '../../harness/gate/decision.ts';
import { columns, plainLine, wrap } from '../text.ts';

/** Fits beside a log in a pipeline's page. */
const width = 110;
const indent = '  ';
const detailIndent = '      ';

const answerWord: Record<Decision['decision'], string> = {
  open: 'OPEN',
  refused: 'SHUT: refused',
  'not-proven': 'SHUT: not proven',
};

/** A decision for a person: a line a requirement with what would have to change, then the runs and the waivers. */
export function gateText({ decision, summary, requirements, runs, waivers }: Decision): string {
  const lines = [
    `gate ${answerWord[decision]}`,
    '',
    ...requirements.flatMap(requirementLines),
    '',
    ...runTable(runs),
    ...runs.flatMap(runDetails),
    ...(waivers.length > 0 ? [''] : []),
    ...waivers.flatMap(({ requirement, owner, reason, status, note }) => [
      ...headed(`waiver of ${requirement}: ${status}, ${note} (${owner}: ${reason})`),
    ]),
    '',
    ...wrap(plainLine(summary), width),
  ];
  return `${lines.join('\n')}\n`;
}

function requirementLines({ id, status, asked, reason, todo, provenBy }: RequirementDecision): string[] {
  return [
    ...headed(`${id} ${status}${asked ? ` (asked: ${asked.level}, ${asked.evidence})` : ' (not asked for)'}`),
    ...detailed(provenBy.length > 0 ? `${reason}: ${provenBy.join(', ')}` : reason),
    ...(todo ? detailed(`do: ${todo}`) : []),
  ];
}

function runTable(runs: readonly RunDecision[]): string[] {
  const rows = runs.map(({ dir, standing, verdict, profile, level, provider, endedAt }) =>
    [dir, standing, verdict, profile, level, provider, endedAt].map(plainLine),
  );
  const header = ['run', 'standing', 'verdict', 'profile', 'level', 'provider', 'ended'];
  return columns([header, ...rows]).map((line) => indent + line);
}

/** What a run that counts has to say stands with the requirements, unless it is refused itself. */
function runDetails({ dir, standing, reasons, todo }: RunDecision): string[] {
  if (standing === 'counted' && todo === null) return [];
  return [
    ...headed(`${dir} is ${standing}`),
    ...reasons.flatMap(detailed),
    ...(todo ? detailed(`do: ${todo}`) : []),
  ];
}

function headed(text: string): string[] {
  return wrap(plainLine(text), width - indent.length).map((line) => indent + line);
}

function detailed(text: string): string[] {
  return wrap(plainLine(text), width - detailIndent.length).map((line) => detailIndent + line);
}
