import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode, messageOf, OrdealError } from '../errors/error.ts';
import { runFolders } from '../gate/read.ts';
import { readHistory } from '../history/reader.ts';
import { loadPlan } from '../plan/load.ts';
import { HISTORY_FILE, PLAN_FILE } from '../run/files.ts';
import type { Parts, RecordedRun } from './parts.ts';

export interface SimulateOptions {
  suite: string[];
  nodes?: string;
  days?: string;
  seed?: string;
  set: string[];
  only: string[];
  calibrate?: string;
  out?: string;
  json: boolean;
  parameters: boolean;
  quiet: boolean;
}

/** Below the output folder: what it found, and the same in pictures. */
const SIMULATION_FILE = 'simulation.json';
const PAGE_FILE = 'simulation.html';

/** `ordeal simulate`: what follows from a suite's model on virtual time. It foresees and judges nothing: exit 0. */
export async function simulate(parts: Parts, options: SimulateOptions): Promise<ExitCode> {
  const { calibrate, json, only, out, parameters, quiet } = options;
  const suites = options.suite.length === 0 ? ['edge'] : [...new Set(options.suite)];
  const asked = await Promise.all(
    suites.map(async (suite) => ({
      suite,
      simulator: await simulatorOf(parts, suite),
      set: overrides(options, suite, suites.length > 1),
    })),
  );
  if (parameters) {
    const all = asked.map(({ set, simulator }) => simulator.parameters(set));
    process.stdout.write(jsonOf(all.length === 1 ? all[0] : all));
    return EXIT.certified;
  }
  const runs = calibrate === undefined ? [] : await recordedBelow(calibrate);
  const found = asked.map(({ set, simulator, suite }) => ({
    suite,
    ...simulator.run({ set, only, runs }, (line) => {
      if (!quiet) process.stderr.write(`${line}\n`);
    }),
  }));
  const alone = found.length === 1;
  if (out !== undefined) {
    for (const { document, suite } of found)
      writeInto(out, alone ? SIMULATION_FILE : SIMULATION_FILE.replace('.', `-${suite}.`), jsonOf(document));
    writeInto(out, PAGE_FILE, await parts.simulationPage(found.map(({ part }) => part)));
  }
  const documents = found.map(({ document }) => document);
  const text = () => found.map((each) => each.text).join('\n');
  process.stdout.write(json ? jsonOf(alone ? documents[0] : documents) : text());
  return EXIT.certified;
}

async function simulatorOf(parts: Parts, suite: string) {
  const simulator = parts.simulators[suite];
  if (simulator) return await simulator();
  throw wrong(
    `simulating suite ${suite}`,
    'it has no model',
    `name one of ${Object.keys(parts.simulators).join(', ')}`,
  );
}

/** Of several suites each override names its own; what else may be asked for is one suite's. */
function overrides(options: SimulateOptions, suite: string, several: boolean): string[] {
  const { calibrate, days, nodes, only, seed, set } = options;
  const named = Object.entries({ nodes, days, seed }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  if (!several) return [...named, ...set];
  if (nodes !== undefined || days !== undefined || only.length > 0 || calibrate !== undefined)
    throw wrong(
      'simulating several suites',
      '--nodes, --days, --only or --calibrate, which mean something else in each',
      'give one --suite with them, or --set SUITE.path=value',
    );
  const stray = set.find((override) => !options.suite.some((name) => override.startsWith(`${name}.`)));
  if (stray !== undefined)
    throw wrong(
      'simulating several suites',
      `--set ${stray}`,
      `begin it with a suite: --set ${options.suite[0]}.${stray}`,
    );
  const own = set.filter((override) => override.startsWith(`${suite}.`));
  return [...named, ...own.map((override) => override.slice(suite.length + 1))];
}

function wrong(tried: string, seen: string, todo: string): OrdealError {
  return new OrdealError({ code: 'SIMULATION_INVALID', exit: EXIT.usage, tried, seen, todo });
}

/** Runs without a history were never begun, and tell nothing. */
async function recordedBelow(folder: string): Promise<RecordedRun[]> {
  const runs: RecordedRun[] = [];
  for (const dir of await runFolders(folder)) {
    if (!existsSync(join(dir, HISTORY_FILE))) continue;
    const plan = await loadPlan(join(dir, PLAN_FILE));
    const { events: history } = await readHistory(join(dir, HISTORY_FILE));
    runs.push({ dir, plan, history });
  }
  return runs;
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function writeInto(folder: string, file: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), text);
  } catch (cause) {
    throw new OrdealError({
      code: 'OUT_NOT_WRITABLE',
      exit: EXIT.usage,
      tried: `writing ${file} into ${folder}`,
      seen: messageOf(cause),
      todo: 'name a folder with --out that can be written',
      cause,
    });
  }
}
