import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { PLAN_FILE, VERDICT_FILE } from '../../harness/run/files.ts';
import type { RequirementVerdict, Verdict } from '../../harness/verdict/verdict.ts';
import type { Artefacts } from './artefacts.ts';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://in-toto.io/attestation/test-result/v0.1';

const digest = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const annotations = z.strictObject({ profile: z.string(), level: z.string(), seed: z.number() });

const Predicate = z.strictObject({
  result: z.enum(['PASSED', 'FAILED']),
  configuration: z.array(z.strictObject({ name: z.string(), digest, annotations })),
  passedTests: z.array(z.string()),
  failedTests: z.array(z.string()),
});
type Predicate = z.infer<typeof Predicate>;

/** An in-toto Statement v1 with the test-result predicate, as Ordeal writes one. */
const Statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.strictObject({ name: z.string(), digest })),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: Predicate,
});

/**
 * What a run has shown, in the words of https://in-toto.io/attestation/test-result/v0.1. An inconclusive run has FAILED,
 * and an inconclusive requirement too: a warning is of a test that passed, and only a pass opens a gate. What the plan
 * left out is in neither list.
 */
export function predicateOf(verdict: Verdict, artefacts: Artefacts): Predicate {
  const { profile, level, seed } = verdict;
  const counted = verdict.requirements.filter(({ skipped }) => !skipped);
  const ids = (of: (requirement: RequirementVerdict) => boolean) => counted.filter(of).map(({ id }) => id);
  return {
    result: verdict.verdict === 'pass' ? 'PASSED' : 'FAILED',
    configuration: [
      {
        name: PLAN_FILE,
        digest: { sha256: artefacts.get(PLAN_FILE) ?? 'none' },
        annotations: { profile, level, seed },
      },
    ],
    passedTests: ids((each) => each.verdict === 'pass'),
    failedTests: ids((each) => each.verdict !== 'pass'),
  };
}

/** The statement's text: every file of the run as its subject, with its digest. */
export function statementOf(verdict: Verdict, artefacts: Artefacts): string {
  const statement: z.infer<typeof Statement> = {
    _type: STATEMENT_TYPE,
    subject: [...artefacts].map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: PREDICATE_TYPE,
    predicate: predicateOf(verdict, artefacts),
  };
  return JSON.stringify(statement);
}

/**
 * Where a statement and a run's folder differ, in a line each; empty where they agree.
 * @param verdict undefined where the folder holds none
 */
export function discrepancies(text: string, artefacts: Artefacts, verdict: Verdict | undefined): string[] {
  const parsed = parse(text);
  if (typeof parsed === 'string') return [`what was signed is no statement: ${parsed}`];
  const signed = new Map(parsed.subject.map(({ name, digest }) => [name, digest.sha256]));
  const names = [...new Set([...signed.keys(), ...artefacts.keys()])].sort();
  const files = names.flatMap((name) => {
    const [was, is] = [signed.get(name), artefacts.get(name)];
    if (was === is) return [];
    if (was === undefined) return [`${name} was added`];
    return [is === undefined ? `${name} is missing` : `${name} was changed: sha256 ${is}, and not ${was}`];
  });
  if (!verdict) return [...files, `${VERDICT_FILE} holds no verdict`];
  return [...files, ...otherResult(parsed.predicate, predicateOf(verdict, artefacts))];
}

function otherResult(signed: Predicate, seen: Predicate): string[] {
  return Object.keys(seen).flatMap((field) => {
    const [was, is] = [signed[field as keyof Predicate], seen[field as keyof Predicate]];
    if (isDeepStrictEqual(was, is)) return [];
    return [`the run’s ${field} is ${JSON.stringify(is)}, and ${JSON.stringify(was)} was signed`];
  });
}

function parse(text: string): z.infer<typeof Statement> | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'no JSON';
  }
  const statement = Statement.safeParse(json);
  if (!statement.success) return z.prettifyError(statement.error).replaceAll('\n', ' ');
  const names = statement.data.subject.map(({ name }) => name);
  return new Set(names).size === names.length ? statement.data : 'two subjects have one name';
}
