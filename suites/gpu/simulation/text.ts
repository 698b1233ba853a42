import type { Estimate } from '../../simulation/estimate.ts';
import { figure, markdownTable, shown } from '../../simulation/words.ts';
import type { Calibration } from './calibration.ts';
import type { Figures } from './figures.ts';
import type { Headline } from './headlines.ts';
import type { Pair, Simulation } from './simulate.ts';

const COLUMNS = [
  'false allocations',
  'bind p50',
  'bind p99',
  'start p50, p99',
  'waits for a node: mean, p99',
  'GPUs in use',
];
/** Of the starts, those left waiting from which on the wait is of how long was simulated. */
const GROWS = 0.02;

/** A simulation for a person: as Markdown, whose tables a terminal shows as well. */
export function simulationText(simulation: Simulation): string {
  const { calibration, caps, confidence, headlines, incidentJobs, jobsAtOnce, parameters, rows, seed } =
    simulation;
  const { days, gpusPerNode, load, nodes, scheduler } = parameters;
  return `${[
    `modelled: ${nodes} nodes of ${gpusPerNode} GPUs over ${figure(days)} days, seed ${seed}. Nothing of this was seen; it is what follows from the parameters.`,
    `Bursts of ${load.jobs.least} to ${load.jobs.most} Jobs of ${load.replicas} pods ask for ${figure(100 * load.offered)} % of the GPUs; placement: ${scheduler.placement}.`,
    `In brackets: ${100 * confidence} % intervals of what another draw of the same model would give; they say nothing of the parameters.`,
    '',
    ...markdownTable(
      ['remedies', ...COLUMNS],
      rows.map((row) => [row.remedies, ...cellsOf(row)]),
    ),
    ...pairs('pods on a node, at most', caps),
    ...(simulation.cap ? ['', ...advice(simulation)] : []),
    ...pairs('Jobs at once', jobsAtOnce),
    ...pairs('Jobs at once on the incident’s three nodes', incidentJobs),
    ...(calibration ? ['', ...compared(calibration)] : []),
    ...(headlines.length === 0 ? [] : ['', ...headlines.flatMap(told)]),
  ].join('\n')}\n`;
}

function pairs(what: string, list: readonly Pair[]): string[] {
  if (list.length === 0) return [];
  const cells = list.flatMap(({ alone, at, hardened }) => [
    [String(at), 'none', ...cellsOf(alone)],
    ['', 'all', ...cellsOf(hardened)],
  ]);
  return ['', ...markdownTable([what, 'other remedies', ...COLUMNS], cells)];
}

function cellsOf(row: Figures): string[] {
  const {
    bindP50Ms,
    bindP99Ms,
    falsePercent,
    startP50Ms,
    startP99Ms,
    utilisationPercent,
    waitMeanMs,
    waitP99Ms,
  } = row;
  return [
    percent(falsePercent),
    milliseconds(bindP50Ms),
    milliseconds(bindP99Ms),
    `${seconds(startP50Ms)}, ${seconds(startP99Ms)}`,
    row.leftWaiting > GROWS * row.starts
      ? `grows: ${row.leftWaiting} left`
      : `${seconds(waitMeanMs)}, ${seconds(waitP99Ms)}`,
    percent(utilisationPercent),
  ];
}

function advice({ cap, parameters }: Simulation): string[] {
  const asked = `at ${figure(100 * parameters.load.offered)} % asked for`;
  const said = (which: number | null) =>
    which === null ? 'no cap does' : `a cap of ${which} of ${parameters.gpusPerNode}`;
  return [
    'Which cap keeps the false allocations at 0.1 % or less and lets pods wait least:',
    `    - with no other remedy, ${said(cap?.alone ?? null)}, ${asked}`,
    `    - with all of them, ${said(cap?.hardened ?? null)}, ${asked}`,
  ];
}

function told({ claim, holds, needs, predicted, unit }: Headline): string[] {
  return [
    `${holds ? '✓' : '✗'} ${claim}: modelled, on three nodes, ${shown(predicted)} ${unit}. It needs`,
    ...needs.map((need) => `    - ${need}`),
  ];
}

function compared({ calibrating, fit, heldOut, within }: Calibration): string[] {
  const span = ({ p50, p95 }: { p50: number; p95: number }) => `${figure(p50)} ms, p95 ${figure(p95)} ms`;
  return [
    `Calibrated by ${calibrating} recorded runs: start ${span(fit.start)}; admission ${span(fit.admission)}; associations late by ${span(fit.late)}.`,
    `Of ${heldOut.length} figures of runs held out, ${shown(within)} % are within what was predicted:`,
    '',
    ...markdownTable(
      ['held-out run', 'remedies', 'figure', 'predicted', 'seen', ''],
      heldOut.map(({ figure: name, predicted, remedies, run, seen, unit, within: inside }) => [
        run,
        remedies,
        name,
        `${figure(predicted.lower)}–${figure(predicted.upper)} ${unit}`,
        `${figure(seen)} ${unit}`,
        inside ? '' : 'outside',
      ]),
    ),
  ];
}

function percent(value: Estimate): string {
  return value.upper === null
    ? '0 %'
    : `${figure(value.figure)} % (${figure(value.lower)}–${figure(value.upper)})`;
}

function milliseconds(value: Estimate | null): string {
  return value === null ? '–' : `${shown(value)} ms`;
}

function seconds(value: Estimate | null): string {
  return value === null ? '–' : `${figure(value.figure / 1_000)} s`;
}
