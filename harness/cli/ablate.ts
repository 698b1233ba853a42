import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../errors/error.ts';
import { type EngineEvents, eventsOf, type History } from '../history/event.ts';
import { planInvalid } from '../plan/load.ts';
import type { Plan } from '../plan/schema.ts';
import type { Ablation, LiveMetrics, Pairs, RunContext } from '../run/ports.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { withMetrics } from './metrics.ts';
import { outFolder, type RunOptions } from './options.ts';
import { type Counted, pairTable, worthOf } from './pairs.ts';
import type { Parts } from './parts.ts';
import { planOf } from './plan-of.ts';
import { conductAndReport, groundFor } from './runs.ts';
import { inSession } from './session.ts';

/** Below the output folder: the table. */
const TABLE_FILE = 'ablation.md';

/** One variant's run, and what is told of all of them so far. */
interface Varied {
  variants: { name: string; plan: Plan }[];
  took(index: number, title: string, history: History, verdict: Verdict): void;
  table(): string;
}

/**
 * `ordeal ablate`: one suite's remedies on and off, each variant a run of its own on one cluster, and a table of what
 * they did. It measures and judges nothing: exit 0 when every variant ran to its end, 2 when one did not.
 */
export async function ablate(
  parts: Parts,
  options: RunOptions & { only: string[]; pairs: boolean },
  replay: string,
): Promise<ExitCode> {
  // What shows a rate is enough here; a level asks for more.
  const { plan, suites } = await planOf(parts, { ...options, level: options.level ?? 'smoke' }, 'incident');
  const [suite] = suites;
  const varied = suite?.ablation;
  if (!suite || !varied || suites.length > 1) {
    throw planInvalid('choosing what to vary', [
      { path: 'suites', message: 'expected one suite that has remedies to vary' },
    ]);
  }
  const { only, pairs } = options;
  if (pairs && (!varied.pairs || only.length > 0)) {
    const message = varied.pairs
      ? 'expected no --only beside --pairs: a pair is held against all others'
      : `suite ${suite.name} counts nothing by which pairs of its remedies could be told apart`;
    throw planInvalid('choosing what to vary', [{ path: '--pairs', message }]);
  }
  const { variants, took, table } =
    pairs && varied.pairs ? paired(varied.pairs, plan) : listed(varied, plan, only);
  const outDir = outFolder(options);
  const groundUp = await groundFor(parts, plan);
  const tabulate = async (context: RunContext, metrics?: LiveMetrics): Promise<ExitCode> => {
    const ground = await groundUp(context);
    let whole = true;
    for (const [index, { name, plan: own }] of variants.entries()) {
      context.signal.throwIfAborted();
      context.progress(`variant ${index + 1} of ${variants.length}: ${name}`);
      const folder = join(outDir, `${index + 1}`);
      mkdirSync(folder, { recursive: true });
      const { verdict, history } = await conductAndReport(
        parts,
        { ...context, plan: own, outDir: folder, runId: `${context.runId}-${index + 1}` },
        { ground, suites, replay, quiet: true, metrics },
      );
      const caveats = caveatsOf(history, verdict);
      whole &&= endedWhole(history);
      const title = caveats.length === 0 ? name : `${name} (${caveats.join('; ')})`;
      took(index, title, history, verdict);
      writeFileSync(join(outDir, TABLE_FILE), table());
    }
    context.signal.throwIfAborted();
    process.stdout.write(`${table()}report: ${outDir}\n`);
    return whole ? EXIT.certified : EXIT.inconclusive;
  };
  return await withMetrics(parts, options, (metrics) =>
    inSession({ plan, outDir, quiet: options.quiet }, (context) => tabulate(context, metrics)),
  );
}

/** A row for each variant, with the suite's columns. */
function listed({ columns, variants: variantsOf }: Ablation, plan: Plan, only: readonly string[]): Varied {
  const all = variantsOf(plan);
  const variants = all.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
  if (variants.length === 0) {
    const names = all.map(({ name }) => name).join('; ');
    throw planInvalid('choosing what to vary', [
      { path: '--only', message: `expected a part of one of these: ${names}` },
    ]);
  }
  const rows = [
    ['remedies', ...columns.map(({ title }) => title)],
    Array.from({ length: columns.length + 1 }, () => '---'),
  ];
  return {
    variants,
    took: (_index, title, history, verdict) =>
      void rows.push([title, ...columns.map(({ cell }) => cell(history, verdict))]),
    table: () => `${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
  };
}

/** What each pair does over each of the two alone, and which remedies carry the result. */
function paired({ count, counted, variants }: Pairs, plan: Plan): Varied {
  const all = variants(plan);
  const seen: Counted[] = [];
  return {
    variants: all.map(({ plan: own, remedies }) => ({ name: remedies.join(', ') || 'none', plan: own })),
    took: (index, title, history) => {
      const { remedies } = all[index] as (typeof all)[number];
      seen.push({ title, remedies, ...count(history) });
    },
    table: () => `${pairTable(seen, counted)}\n${worthOf(seen).join('\n')}\n`,
  };
}

function endedWhole(history: History): boolean {
  const ended = eventsOf<EngineEvents['run.ended']>(history, 'run.ended').at(-1);
  return ended?.body.outcome === 'done';
}

/** What a row's figures must not be read without: half a run, or a fault that this variant gave no chance to bite. */
export function caveatsOf(history: History, { faults }: Pick<Verdict, 'faults'>): string[] {
  const toothless = faults.filter(({ bit }) => !bit).map(({ id }) => id);
  return [
    ...(endedWhole(history) ? [] : ['the run did not reach its end']),
    ...(toothless.length === 0 ? [] : [`without a bite of ${toothless.join(', ')}`]),
  ];
}
