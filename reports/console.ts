import type { ReportContext, Reporter } from '../harness/run/ports.ts';
import { asExpected, type Control } from '../harness/verdict/exit-code.ts';
import type { ClusterLeft, Outcome, RequirementVerdict, Verdict } from '../harness/verdict/verdict.ts';
import { AS_EXPECTED, otherwise } from './controls.ts';
import { bound, faultStory, figure, leftStory, threshold, verdictWord } from './figure.ts';
import { nodeFacts } from './nodes.ts';
import { clip, columns, plainLine, wrap } from './text.ts';

type Terminal = Pick<ReportContext, 'stdout' | 'env'>;
type Paint = (text: string, outcome: Outcome) => string;

/** Fits beside a log in a pipeline's page, and in half of a wide terminal. */
const width = 110;
const indent = '  ';
const detailIndent = '      ';
/** Green, red, yellow (ECMA-48 SGR). */
const colours: Record<Outcome, number> = { pass: 32, fail: 31, inconclusive: 33 };

/** The run as a table for a person; colour only on a terminal that wants it. */
export const consoleReporter: Reporter = {
  name: 'console',
  speaks: true,
  async report({ verdict, ...terminal }) {
    const paint = painter(terminal);
    const lines = [
      ...heading(verdict),
      '',
      ...requirementLines(verdict.requirements, paint),
      '',
      ...faultLines(verdict),
      ...otherReasons(verdict),
      '',
      ...wrap(plainLine(verdict.summary), width).map((line) => paint(line, verdict.verdict)),
      ...(verdict.replay === '' ? [] : wrap(`again: ${plainLine(verdict.replay)}`, width)),
    ];
    terminal.stdout.write(`\n${lines.join('\n')}\n`);
    return [];
  },
};

/** Several runs beside each other: what each was expected to come out as, what it did, and its figures. */
export function reportControls(controls: readonly Control[], terminal: Terminal): void {
  const paint = painter(terminal);
  const ids = [...new Set(controls.flatMap(({ verdict }) => verdict.requirements.map(({ id }) => id)))];
  const rows = [
    ['profile', ...controls.map(({ verdict }) => verdict.profile)],
    ['expected', ...controls.map(({ expected }) => expected)],
    ['seen', ...controls.map(({ verdict }) => verdict.verdict)],
    ['evidence', ...controls.map(({ verdict }) => verdict.cluster.evidence)],
    ...ids.map((id) => [
      requirementLabel(id, controls),
      ...controls.map(({ verdict }) => controlCell(verdict.requirements.find((each) => each.id === id))),
    ]),
  ];
  const outcomeAt = (row: number, control: Control | undefined): Outcome | undefined => {
    if (row === 2) return control?.verdict.verdict;
    const id = ids[row - 4];
    return control?.verdict.requirements.find((each) => each.id === id && !each.skipped)?.verdict;
  };
  const table = columns(rows, (cell, row, column) => {
    const outcome = outcomeAt(row, controls[column - 1]);
    return outcome ? paint(cell, outcome) : cell;
  });
  const unexpected = controls.filter((control) => !asExpected(control));
  const conclusion =
    unexpected.length === 0
      ? [paint(AS_EXPECTED, 'pass')]
      : unexpected.flatMap((control) =>
          wrap(plainLine(otherwise(control)), width).map((line) =>
            paint(line, control.expected === 'pass' ? control.verdict.verdict : 'inconclusive'),
          ),
        );
  terminal.stdout.write(`\n${[...table.map((line) => indent + line), '', ...conclusion].join('\n')}\n`);
}

function heading({ runId, profile, level, seed, cluster, left }: Verdict): string[] {
  const versions = Object.entries(cluster.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `run ${runId}: profile ${profile}, level ${level}, seed ${seed}`,
    `cluster ${cluster.name}: ${[cluster.provider, cluster.evidence, ...versions].join(', ')}`,
    ...nodeFacts(cluster).map(([, text]) => text),
    ...(left ? [leftLine(left)] : []),
  ].flatMap((line) => wrap(plainLine(line), width));
}

function leftLine(left: ClusterLeft): string {
  const differences = [...left.ours, ...left.others];
  return differences.length === 0 ? leftStory(left) : `${leftStory(left)}: ${differences.join('; ')}`;
}

function requirementLines(requirements: readonly RequirementVerdict[], paint: Paint): string[] {
  const header = ['id', 'verdict', 'measured', 'required', 'samples', 'bound', 'evidence'];
  const rows = requirements.map((requirement) =>
    [
      requirement.id,
      verdictWord(requirement),
      figure(requirement.measured, requirement.unit),
      threshold(requirement),
      String(requirement.samples),
      bound(requirement),
      requirement.evidence,
    ].map((cell) => clip(plainLine(cell), 20)),
  );
  const table = columns(fitted([header, ...rows], width - indent.length), (cell, row, column) => {
    const requirement = requirements[row - 1];
    return requirement && column === 1 && !requirement.skipped ? paint(cell, requirement.verdict) : cell;
  });
  return table.flatMap((line, row) => {
    const requirement = requirements[row - 1];
    const detail = requirement ? detailed(`${requirement.title}: ${requirement.reason}`) : [];
    return [indent + line, ...detail];
  });
}

/** Cells cut as little as makes the table fit: by themselves none is long, and no name may break the lines. */
function fitted(rows: readonly (readonly string[])[], limit: number): string[][] {
  for (let longest = 20; ; longest--) {
    const cut = rows.map((row) => row.map((cell) => clip(cell, longest)));
    const longestLine = Math.max(...columns(cut).map((line) => line.length));
    if (longestLine <= limit || longest === 1) return cut;
  }
}

function faultLines({ faults }: Verdict): string[] {
  if (faults.length === 0) return [`${indent}no faults`];
  return faults.flatMap((fault) => {
    const mechanism = fault.mechanism === '' ? '' : ` by ${fault.mechanism}`;
    const title = `fault ${fault.id} (${fault.kind}) on ${fault.target}${mechanism}`;
    const lines = wrap(plainLine(title), width - indent.length);
    return [...lines.map((line) => indent + line), ...detailed(faultStory(fault))];
  });
}

/** Those reasons that the table does not show with their requirement. */
function otherReasons({ reasons, requirements }: Verdict): string[] {
  const others = reasons.filter((reason) => !requirements.some(({ id }) => reason.startsWith(`${id} (`)));
  if (others.length === 0) return [];
  return ['', `${indent}besides:`, ...others.flatMap((reason) => detailed(reason))];
}

function detailed(text: string): string[] {
  return wrap(plainLine(text), width - detailIndent.length).map((line) => detailIndent + line);
}

function requirementLabel(id: string, controls: readonly Control[]): string {
  const found = controls.flatMap(({ verdict }) => verdict.requirements).find((each) => each.id === id);
  return clip(plainLine(`${id} ${found?.title ?? ''}`), 48);
}

function controlCell(requirement: RequirementVerdict | undefined): string {
  if (!requirement) return '–';
  const { measured, unit } = requirement;
  return clip(plainLine(`${figure(measured, unit)} ${verdictWord(requirement)}`), 27);
}

/** https://no-color.org: any value but the empty one. */
function painter({ stdout, env }: Terminal): Paint {
  const coloured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return (text, outcome) => (coloured ? `\u001b[${colours[outcome]}m${text}\u001b[0m` : text);
}
