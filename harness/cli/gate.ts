import { dirname, resolve } from 'node:path';
import { systemClock } from '../clock/clock.ts';
import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { decide } from '../gate/decide.ts';
import { exitCodeOfDecision } from '../gate/decision.ts';
import { loadPolicy, type Policy, policyJsonSchema } from '../gate/policy.ts';
import { readRun, runFolders } from '../gate/read.ts';
import type { Parts } from './parts.ts';
import { suitesOf } from './plan-of.ts';

export interface GateOptions {
  policy?: string;
  json: boolean;
  schema: boolean;
}

/** `ordeal gate DIR… --policy FILE`: whether past runs open a gate; the decision is the exit code. */
export async function gate(
  parts: Parts,
  dirs: readonly string[],
  { policy: file, json, schema }: GateOptions,
  clock = systemClock,
): Promise<ExitCode> {
  if (schema) {
    process.stdout.write(`${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`);
    return EXIT.certified;
  }
  if (file === undefined || dirs.length === 0)
    throw usage(file === undefined ? '--policy' : 'a run’s folder');
  const policy = await loadPolicy(file);
  const folders = new Set((await Promise.all(dirs.map(runFolders))).flat());
  const runs = [];
  // One after the other: a release-level history is large.
  for (const folder of folders) {
    const run = await readRun(folder, (plan) => suitesOf(parts, plan));
    runs.push({ ...run, unattested: await unattestedIn(parts, folder, { file, policy }) });
  }
  const decision = decide({ runs, policy, now: clock.wall() });
  if (json) process.stdout.write(`${JSON.stringify(decision, undefined, 2)}\n`);
  await parts.reportGate(decision, json);
  return exitCodeOfDecision(decision);
}

/** What keeps a run's folder from being what was signed, as far as the policy asks. */
async function unattestedIn(
  parts: Parts,
  dir: string,
  { file, policy }: { file: string; policy: Policy },
): Promise<string[]> {
  if (!policy.attestation) return [];
  const key = resolve(dirname(file), policy.attestation.key);
  const problems = await (await parts.attestation()).verifyAttestation(dir, key);
  return problems.map((problem) => `it is not attested: ${problem}`);
}

function usage(missing: string): OrdealError {
  return new OrdealError({
    code: 'GATE_USAGE',
    exit: EXIT.usage,
    tried: 'reading the command line',
    seen: `${missing} is missing`,
    todo: 'ordeal gate FOLDER… --policy gate.yaml',
  });
}
