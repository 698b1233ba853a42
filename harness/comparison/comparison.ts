import { z } from 'zod';
import { Evidence, Level, Outcome, Profile } from '../verdict/verdict.ts';

/**
 * How the candidate stands to the baseline. `same`: the whole interval of the difference lies within the margin.
 * `unknown`: what was seen shows none of the others; that no difference was found shows nothing.
 */
export const Standing = z.enum(['better', 'same', 'worse', 'unknown']);
export type Standing = z.infer<typeof Standing>;

const Figure = z.strictObject({
  /** null where there was nothing to take it of. */
  figure: z.number().nullable(),
  /** Values, trials or events that it rests on. */
  samples: z.int().nonnegative(),
});

/** One figure of a requirement on both sides; the higher it is the worse. */
export const ComparedFigure = z.strictObject({
  name: z.string(),
  unit: z.string(),
  /** `fisher`: of two proportions. `poisson`: of two rates of events. `permutation`: of whole blocks or runs. */
  test: z.enum(['fisher', 'poisson', 'permutation']),
  /** What has a luck of its own, and is dealt and drawn as a whole. */
  sampledBy: z.enum(['sample', 'block', 'run']),
  baseline: Figure,
  candidate: Figure,
  /** Candidate less baseline, in `unit`. */
  difference: z.number().nullable(),
  /** Of the difference; two-sided, at the comparison's `confidence`. null where the samples are too few for one. */
  interval: z.strictObject({ lower: z.number(), upper: z.number() }).nullable(),
  /** A difference below this does not matter. */
  margin: z.number().positive(),
  /** Two-sided, of no difference; null where it was not tested. */
  pValue: z.number().min(0).max(1).nullable(),
  /** The same after Holm's correction over all figures of the comparison. */
  adjusted: z.number().min(0).max(1).nullable(),
  standing: Standing,
  /** It is better or same, or the interval's upper end is within the margin. */
  notWorse: z.boolean(),
  reason: z.string(),
});
export type ComparedFigure = z.infer<typeof ComparedFigure>;

export const ComparedRequirement = z.strictObject({
  id: z.string(),
  title: z.string(),
  /** Over the side's runs: fail where one failed it, else inconclusive where one was. */
  baseline: Outcome,
  candidate: Outcome,
  standing: Standing,
  notWorse: z.boolean(),
  reason: z.string(),
  figures: z.array(ComparedFigure),
  /** The plan left it out, and the whole does not depend on it. */
  skipped: z.literal(true).optional(),
});
export type ComparedRequirement = z.infer<typeof ComparedRequirement>;

const Side = z.strictObject({
  /** As the command line named it. */
  name: z.string(),
  provider: z.string(),
  versions: z.record(z.string(), z.string()),
  evidence: Evidence,
  runs: z.array(
    z.strictObject({ dir: z.string(), runId: z.string(), verdict: Outcome, startedAt: z.string() }),
  ),
});
export type ComparedSide = z.infer<typeof Side>;

/** `comparison.json`. */
export const Comparison = z.strictObject({
  schemaVersion: z.literal(1),
  /** `pass`: nothing is worse, all that counts is shown not to be, and the candidate passed. */
  verdict: Outcome,
  /** One sentence for the person at the gate. */
  summary: z.string(),
  profile: Profile,
  level: Level,
  seed: z.number(),
  /** The chance, at the most, that anything at all is called better or worse where nothing differs. */
  alpha: z.number(),
  confidence: z.number(),
  baseline: Side,
  candidate: Side,
  /** Fields of the plan that the candidate had otherwise, as `path=value`. */
  candidateSet: z.array(z.string()),
  requirements: z.array(ComparedRequirement),
  /** Why the whole is not a pass, most important first; empty on a pass. */
  reasons: z.array(z.string()),
  /** What has to be known to read it. */
  notes: z.array(z.string()),
});
export type Comparison = z.infer<typeof Comparison>;

/** The JSON Schema (draft 2020-12) of `comparison.json`. */
export function comparisonJsonSchema(): Record<string, unknown> {
  return { title: 'Ordeal comparison', ...z.toJSONSchema(Comparison) };
}
