import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { checkYaml, type Mistake, mistakeLine, readYaml } from '../plan/document.ts';
import { Duration } from '../plan/schema.ts';
import { Evidence, Level, Profile } from '../verdict/verdict.ts';

/** A requirement by its whole name: a pattern would ask for, or waive, what nobody has looked at. */
const RequirementId = z
  .string()
  .regex(/^[A-Z][A-Z0-9]*-\d+$/, 'expected the id of one requirement, such as GPU-1; there are no wildcards');

const said = (what: string) => z.string().trim().min(1, `expected ${what}`);

/**
 * What one run has to have seen, all of it together: `provider`, and the names of versions as a verdict lists them under
 * `cluster.versions`. A version is given whole or up to a dot: `1.34` is any 1.34.
 */
export const Lane = z
  .record(
    z.string(),
    z.string({ error: 'expected text: put quotes around it, for YAML reads 1.30 as the number 1.3' }).min(1),
  )
  .refine((lane) => Object.keys(lane).length > 0, 'expected a provider or a version');
export type Lane = z.infer<typeof Lane>;

/** What a requirement has to be shown at, at the least. */
const asked = {
  evidence: Evidence,
  level: Level,
  /** From the end of the run. */
  maxAge: Duration,
  /** Each has to have been seen by a run of its own or by the same. */
  lanes: z.array(Lane).min(1),
};

const RequirementPolicy = z.strictObject({
  evidence: asked.evidence.optional(),
  level: asked.level.optional(),
  maxAge: asked.maxAge.optional(),
  lanes: asked.lanes.optional(),
  /** The laxest threshold that a run's plan may have set; without it, none that is laxer than the suite's own. */
  threshold: z.number().optional(),
});

/** The last millisecond of a day, UTC. */
const Day = z.iso
  .date('expected a day such as 2026-12-31')
  .transform((day) => Date.parse(`${day}T23:59:59.999Z`));

/** Covers a fail of one requirement, until the end of a day. It stands in for no run that is missing or inconclusive. */
const Waiver = z.strictObject({
  requirement: RequirementId,
  owner: said('who answers for it'),
  reason: said('why it may be waived'),
  expires: Day,
});
export type Waiver = z.infer<typeof Waiver>;

/** `gate.yaml`. */
export const Policy = z
  .strictObject({
    apiVersion: z.literal('ordeal.dev/v1alpha1').default('ordeal.dev/v1alpha1'),
    kind: z.literal('GatePolicy').default('GatePolicy'),
    /** Runs of other profiles are set aside: that an incident is refused is as it should be. */
    profiles: z
      .array(Profile)
      .min(1)
      .default(() => ['hardened', 'as-is'] as Profile[]),
    evidence: asked.evidence,
    level: asked.level,
    maxAge: asked.maxAge,
    lanes: asked.lanes.optional(),
    /** Kinds of faults that have to have bitten in a run. Without it only the suites' own schedules prove anything. */
    faults: z.array(z.string().min(1)).min(1).optional(),
    /** Every run given has to be signed by this ed25519 key, with all of its files as they were signed. */
    attestation: z
      .strictObject({
        /** The public key in PEM: its path, from the policy’s own folder. */
        key: said('the path of a public key in PEM'),
      })
      .optional(),
    /** `optional` believes a verdict.json that has no history beside it to be judged again from. */
    history: z.enum(['required', 'optional']).default('required'),
    requirements: z
      .record(
        RequirementId,
        RequirementPolicy.nullable().transform((policy) => policy ?? {}),
      )
      .refine(
        (named) => Object.keys(named).length > 0,
        'expected at least one: a gate that asks nothing is none',
      ),
    waivers: z.array(Waiver).default(() => []),
  })
  .superRefine(({ waivers }, context) => {
    for (const [index, { requirement }] of waivers.entries()) {
      if (waivers.findIndex((other) => other.requirement === requirement) === index) continue;
      context.addIssue({
        code: 'custom',
        path: ['waivers', index, 'requirement'],
        message: `${requirement} is waived above already`,
      });
    }
  });
export type Policy = z.infer<typeof Policy>;

/** For editors: what `gate.yaml` may hold. */
export function policyJsonSchema(): Record<string, unknown> {
  return { title: 'Ordeal gate policy', ...z.toJSONSchema(Policy, { io: 'input' }) };
}

/** @throws OrdealError POLICY_INVALID (exit 3) that lists every mistake with its path and its line. */
export function parsePolicy(text: string, tried: string): Policy {
  const written = readYaml(text);
  if (Array.isArray(written)) throw invalid(tried, written);
  const checked = checkYaml(written, Policy);
  if (Array.isArray(checked)) throw invalid(tried, checked);
  return checked.held;
}

/** @throws OrdealError POLICY_UNREADABLE or POLICY_INVALID (exit 3). */
export async function loadPolicy(path: string): Promise<Policy> {
  const tried = `reading the policy ${path}`;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OrdealError({
      code: 'POLICY_UNREADABLE',
      exit: EXIT.usage,
      tried,
      seen: messageOf(error),
      todo: 'give the path of a policy with --policy; README has one to start from',
      cause: error,
    });
  }
  return parsePolicy(text, tried);
}

function invalid(tried: string, mistakes: readonly Mistake[]): OrdealError {
  return new OrdealError({
    code: 'POLICY_INVALID',
    exit: EXIT.usage,
    tried,
    seen: mistakes.map((mistake) => mistakeLine(mistake, 'the policy')).join('\n  '),
    todo: 'mend each path named; `ordeal gate --schema` prints what a policy may hold',
  });
}
