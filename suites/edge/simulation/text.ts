import type { Estimate } from '../../simulation/estimate.ts';
import { figure, markdownTable, shown } from '../../simulation/words.ts';
import type { Calibration } from './calibration.ts';
import type { Headline } from './headlines.ts';
import type { Simulation } from './simulate.ts';

const HEADER = [
  'remedies',
  'disconnects a node and day',
  'mean, longest',
  'lost',
  'noticed',
  'fewer disconnects a day',
  'less lost',
];

/** A simulation for a person: as Markdown, whose tables a terminal shows as well. */
export function simulationText({
  calibration,
  confidence,
  headlines,
  parameters,
  rows,
  seed,
}: Simulation): string {
  const { days, nodes } = parameters;
  const cells = rows.map((row) => [
    row.remedies,
    shown(row.disconnectsPerDay),
    row.longestMs === null ? '–' : `${seconds(row.meanMs)}, ${seconds(row.longestMs)}`,
    lost(row.lostPercent),
    row.noticedPercent === null ? '–' : `${figure(row.noticedPercent.figure)} %`,
    row.bought === null ? '' : between(row.bought.disconnectsPerDay, ''),
    row.bought === null ? '' : between(row.bought.lostPercent, ' points'),
  ]);
  return `${[
    `modelled: ${nodes} edge nodes over ${days} days, seed ${seed}. Nothing of this was seen; it is what follows from the parameters.`,
    `In brackets: ${100 * confidence} % intervals of what another draw of the same model would give; they say nothing of the parameters.`,
    'The last two columns: a remedy against none; for “all but”, all of them against all but it.',
    '',
    ...markdownTable(HEADER, cells),
    ...(calibration ? ['', ...compared(calibration)] : []),
    ...(headlines.length === 0 ? [] : ['', ...headlines.flatMap(told)]),
  ].join('\n')}\n`;
}

function told({ claim, holds, needs, predicted, unit }: Headline): string[] {
  return [
    `${holds ? '✓' : '✗'} ${claim}: modelled ${unit === '%' ? lost(predicted) : `${shown(predicted)} ${unit}`}. It needs`,
    ...needs.map((need) => `    - ${need}`),
  ];
}

function compared({ calibrating, heldOut, within }: Calibration): string[] {
  const header = ['held-out run', 'fault', 'held', 'disconnect, predicted', 'seen', ''];
  const cells = heldOut.map(({ heldMs, kind, predicted, run, seenMs, within: inside }) => [
    run,
    kind,
    seconds(heldMs),
    `${figure(predicted.lower / 1_000)}–${seconds(predicted.upper)}`,
    seconds(seenMs),
    inside ? '' : 'outside',
  ]);
  return [
    `Calibrated by ${calibrating} disconnects of recorded runs; of ${heldOut.length} in runs held out, ${shown(within)} % are within what was predicted:`,
    '',
    ...markdownTable(header, cells),
  ];
}

function lost(percent: Estimate): string {
  return percent.upper === null
    ? '0 %'
    : `${figure(percent.figure)} % (${figure(percent.lower)}–${figure(percent.upper)})`;
}

function between({ figure: value, lower, upper }: Estimate, unit: string): string {
  return `${figure(value)}${unit} (${figure(lower)} to ${figure(upper ?? value)})`;
}

function seconds(ms: number | null): string {
  return ms === null ? '–' : `${figure(ms / 1_000)} s`;
}
