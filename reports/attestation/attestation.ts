import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import { HISTORY_FILE, PLAN_FILE, runUnreadable, VERDICT_FILE } from '../../harness/run/files.ts';
import { Verdict } from '../../harness/verdict/verdict.ts';
import { type Artefacts, ATTESTATION_FILE, artefactsIn } from './artefacts.ts';
import { privateKey, publicKey, seal, unseal } from './dsse.ts';
import { discrepancies, PAYLOAD_TYPE, predicateOf, statementOf } from './statement.ts';

/**
 * Signs what lies in a run's folder, in place of any attestation that it has.
 * @param keyPath an ed25519 private key in PEM
 * @returns the attestation's path
 * @throws OrdealError KEY_UNREADABLE, KEY_INVALID (exit 3), RUN_UNREADABLE, ARTEFACT_ODD (exit 4)
 */
export async function attest(dir: string, verdict: Verdict, keyPath: string): Promise<string> {
  const key = privateKey(await readKey(keyPath), keyPath);
  const path = join(dir, ATTESTATION_FILE);
  const envelope = seal(PAYLOAD_TYPE, statementOf(verdict, await evidenceIn(dir)), key);
  await writeFile(`${path}.part`, envelope);
  await rename(`${path}.part`, path);
  return path;
}

/**
 * The predicate alone, for a platform that signs with an identity of its own.
 * @throws OrdealError RUN_UNREADABLE, ARTEFACT_ODD (exit 4)
 */
export async function predicate(dir: string, verdict: Verdict): Promise<unknown> {
  return predicateOf(verdict, await evidenceIn(dir));
}

/**
 * Everything that is wrong with a run's folder or its attestation, in a line each; empty where the one is what was
 * signed in the other.
 * @param keyPath the ed25519 public key in PEM
 * @throws OrdealError KEY_UNREADABLE, KEY_INVALID (exit 3), RUN_UNREADABLE, ARTEFACT_ODD (exit 4)
 */
export async function verifyAttestation(dir: string, keyPath: string): Promise<string[]> {
  const key = publicKey(await readKey(keyPath), keyPath);
  const artefacts = await readable(dir);
  const text = await readFile(join(dir, ATTESTATION_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return [`there is no ${ATTESTATION_FILE}`];
  const { payload, problems } = unseal(text, PAYLOAD_TYPE, key);
  if (payload === undefined) return problems;
  return [...problems, ...discrepancies(payload, artefacts, await verdictIn(dir))];
}

/** The files of a run that is whole: without its history and its plan nobody could judge it again. */
async function evidenceIn(dir: string): Promise<Artefacts> {
  const artefacts = await readable(dir);
  const missing = [HISTORY_FILE, PLAN_FILE, VERDICT_FILE].filter((name) => !artefacts.has(name));
  if (missing.length > 0)
    throw runUnreadable(dir, new Error(`there is no ${missing.join(' and no ')} in it`));
  return artefacts;
}

async function readable(dir: string): Promise<Artefacts> {
  return await artefactsIn(dir).catch((error: unknown) => {
    throw error instanceof OrdealError ? error : runUnreadable(dir, error);
  });
}

async function verdictIn(dir: string): Promise<Verdict | undefined> {
  try {
    return Verdict.parse(JSON.parse(await readFile(join(dir, VERDICT_FILE), 'utf8')));
  } catch {
    // Missing, no JSON or no verdict: for the folder that was signed it is all one.
    return undefined;
  }
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OrdealError({
      code: 'KEY_UNREADABLE',
      exit: EXIT.usage,
      tried: `reading the key ${path}`,
      seen: messageOf(error),
      todo: 'give the path of an ed25519 key in PEM',
      cause: error,
    });
  }
}
