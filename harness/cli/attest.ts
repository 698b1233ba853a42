import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { readRun } from '../gate/read.ts';
import type { GateRun } from '../gate/run.ts';
import type { Parts } from './parts.ts';
import { suitesOf } from './plan-of.ts';

export interface AttestOptions {
  key?: string;
  predicate: boolean;
}

/** `ordeal attest DIR`: signs what a run has left, or prints the predicate for a platform to sign. */
export async function attest(
  parts: Parts,
  dir: string,
  { key, predicate }: AttestOptions,
): Promise<ExitCode> {
  if ((key === undefined) === !predicate) throw usage();
  const run = await readRun(dir, (plan) => suitesOf(parts, plan));
  if (!run.rejudged || run.contradictions.length > 0) throw untrue(run);
  const attestation = await parts.attestation();
  if (key === undefined) {
    process.stdout.write(`${JSON.stringify(await attestation.predicate(dir, run.verdict), undefined, 2)}\n`);
  } else {
    process.stdout.write(`${await attestation.attest(dir, run.verdict, key)}\n`);
  }
  return EXIT.certified;
}

/** `ordeal verify DIR --key PUB`: whether a run's folder is what was signed. Exit 1 where it is not. */
export async function verify(parts: Parts, dir: string, key: string): Promise<ExitCode> {
  const problems = await (await parts.attestation()).verifyAttestation(dir, key);
  if (problems.length === 0) {
    process.stdout.write(`${dir} is what was signed\n`);
    return EXIT.certified;
  }
  process.stderr.write(`${dir} is not what was signed:\n${problems.map((line) => `  ${line}\n`).join('')}`);
  return EXIT.refused;
}

function usage(): OrdealError {
  return new OrdealError({
    code: 'ATTEST_USAGE',
    exit: EXIT.usage,
    tried: 'reading the command line',
    seen: 'expected one of --key and --predicate',
    todo: 'ordeal attest FOLDER --key key.pem',
  });
}

/** A signature would lend it weight. */
function untrue({ dir, contradictions }: GateRun): OrdealError {
  return new OrdealError({
    code: 'RUN_UNTRUE',
    exit: EXIT.refused,
    tried: `attesting the run ${dir}`,
    seen: contradictions.join('; ') || 'it has no history to judge its verdict by',
    todo: 'attest the folder as the run left it',
  });
}
