import { EXIT, type ExitCode } from '../errors/error.ts';
import type { CatalogueRow, Parts } from './parts.ts';

/** `ordeal scenarios`: every row of the failure catalogue, also those that nothing holds. */
export async function scenarios(
  parts: Pick<Parts, 'scenarios'>,
  options: { json: boolean },
): Promise<ExitCode> {
  const rows = await parts.scenarios.rows();
  process.stdout.write(options.json ? `${JSON.stringify(rows, undefined, 2)}\n` : textOf(rows));
  return EXIT.certified;
}

function textOf(rows: readonly CatalogueRow[]): string {
  const built = rows.filter((row) => row.built).length;
  const last = `${rows.length} rows, ${built} of them built: \`ordeal run --scenario ID\`, which may be given again`;
  return `${rows.map(rowText).join('\n')}\n${last}\n`;
}

function rowText({
  affected,
  heldBy,
  id,
  invariant,
  known,
  mechanics,
  needs,
  references,
  title,
}: CatalogueRow): string {
  const lines = [
    `${id.padEnd(4)}${title} (${heldBy})`,
    ...[`fails:  ${mechanics}`, `holds:  ${invariant}`],
    `seen:   ${[affected, ...(known.length > 0 ? [`known: ${known.map(knownText).join('; ')}`] : [])].join('; ')}`,
    ...(references.length > 0 ? [`see:    ${references.join(', ')}`] : []),
    ...(needs.length > 0 ? [`needs:  ${needs.join(', ')}`] : []),
  ];
  return lines.map((line, index) => (index === 0 ? line : `    ${line}`)).join('\n');
}

function knownText({ issue, versions }: CatalogueRow['known'][number]): string {
  const ranges = versions.map(({ before, from }) => {
    if (from === undefined && before === undefined) return 'every version';
    return [from && `from ${from}`, before && `before ${before}`].filter(Boolean).join(', ');
  });
  return `${issue} (${ranges.join('; ')})`;
}
