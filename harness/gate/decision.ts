import { z } from 'zod';
import { EXIT, type ExitCode } from '../errors/error.ts';
import { Evidence, Level, Outcome, Profile } from '../verdict/verdict.ts';
import { Lane } from './policy.ts';

/** `refused`: something failed, or was tampered with. `not-proven`: what the policy asks for was not shown. */
const Answer = z.enum(['open', 'refused', 'not-proven']);
export type Answer = z.infer<typeof Answer>;

/** What the policy asks of one requirement. */
export const Asked = z.strictObject({
  evidence: Evidence,
  level: Level,
  maxAgeMs: z.number().nonnegative(),
  lanes: z.array(Lane),
  /** null: the suite's own. */
  threshold: z.number().nullable(),
});
export type Asked = z.infer<typeof Asked>;

/** A lane that no run proves, or all of it where the policy names no lane. */
const Gap = z.strictObject({
  lane: Lane.nullable(),
  /** The run that came closest, by its folder; null where none could. */
  closest: z.string().nullable(),
  /** What that run lacks. */
  lacks: z.array(z.string()),
});
export type Gap = z.infer<typeof Gap>;

const RequirementDecision = z.strictObject({
  id: z.string(),
  /** `waived`: it failed, and a waiver in force covers that. */
  status: z.enum(['proven', 'waived', 'refused', 'not-proven']),
  /** null: the policy does not ask for it; a run failed it all the same. */
  asked: Asked.nullable(),
  reason: z.string(),
  /** What would have to change; null where nothing has to. */
  todo: z.string().nullable(),
  /** Folders of the runs that prove it. */
  provenBy: z.array(z.string()),
  /** Folders of the runs that failed it. */
  failedBy: z.array(z.string()),
  gaps: z.array(Gap),
});
export type RequirementDecision = z.infer<typeof RequirementDecision>;

const RunDecision = z.strictObject({
  dir: z.string(),
  runId: z.string(),
  verdict: Outcome,
  profile: Profile,
  level: Level,
  provider: z.string(),
  versions: z.record(z.string(), z.string()),
  endedAt: z.string(),
  /** Its verdict was judged again from its history. */
  rejudged: z.boolean(),
  /**
   * `set-aside`: of a profile that the policy does not count. `disbelieved`: it contradicts its own history, or is not
   * what was signed.
   */
  standing: z.enum(['counted', 'set-aside', 'disbelieved']),
  reasons: z.array(z.string()),
  /** What would have to change; null where nothing has to. */
  todo: z.string().nullable(),
});
export type RunDecision = z.infer<typeof RunDecision>;

const WaiverDecision = z.strictObject({
  requirement: z.string(),
  owner: z.string(),
  reason: z.string(),
  expires: z.string(),
  /** `idle`: nothing failed that it could cover. */
  status: z.enum(['covers', 'expired', 'idle']),
  note: z.string(),
});
export type WaiverDecision = z.infer<typeof WaiverDecision>;

/** What `ordeal gate --json` prints. */
export const Decision = z.strictObject({
  schemaVersion: z.literal(1),
  decision: Answer,
  summary: z.string(),
  decidedAt: z.string(),
  requirements: z.array(RequirementDecision),
  runs: z.array(RunDecision),
  waivers: z.array(WaiverDecision),
});
export type Decision = z.infer<typeof Decision>;

/** The JSON Schema (draft 2020-12) of a decision. */
export function decisionJsonSchema(): Record<string, unknown> {
  return { title: 'Ordeal gate decision', ...z.toJSONSchema(Decision) };
}

const byAnswer: Record<Answer, ExitCode> = {
  open: EXIT.certified,
  refused: EXIT.refused,
  'not-proven': EXIT.inconclusive,
};

export function exitCodeOfDecision({ decision }: Decision): ExitCode {
  return byAnswer[decision];
}
