import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode, messageOf, OrdealError } from '../errors/error.ts';
import { runFolders } from '../gate/read.ts';
import { readHistory } from '../history/reader.ts';
import { loadPlan } from '../plan/load.ts';
import { HISTORY_FILE, PLAN_FILE } from '../run/files.ts';
import type { Parts } from './parts.ts';

export interface SimulateOptions {
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

/** Below the output folder. */
const SIMULATION_FILE = 'simulation.json';

/** `ordeal simulate`: months of edge life on virtual time. It foresees and judges nothing: exit 0. */
export async function simulate(parts: Parts, options: SimulateOptions): Promise<ExitCode> {
  const { calibrate, json, only, out, parameters, quiet } = options;
  const simulator = await parts.simulator();
  const named = (['nodes', 'days', 'seed'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`${name}=${options[name]}`],
  );
  const set = [...named, ...options.set];
  if (parameters) {
    process.stdout.write(jsonOf(simulator.parameters(set)));
    return EXIT.certified;
  }
  const runs = calibrate === undefined ? [] : await recordedBelow(calibrate);
  const { document, text } = simulator.run({ set, only, runs }, (line) => {
    if (!quiet) process.stderr.write(`${line}\n`);
  });
  if (out !== undefined) writeInto(out, jsonOf(document));
  process.stdout.write(json ? jsonOf(document) : text);
  return EXIT.certified;
}

/** Runs without a history were never begun, and tell nothing. */
async function recordedBelow(folder: string) {
  const runs = [];
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

function writeInto(folder: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, SIMULATION_FILE), text);
  } catch (cause) {
    throw new OrdealError({
      code: 'OUT_NOT_WRITABLE',
      exit: EXIT.usage,
      tried: `writing ${SIMULATION_FILE} into ${folder}`,
      seen: messageOf(cause),
      todo: 'name a folder with --out that can be written',
      cause,
    });
  }
}
