import { z } from 'zod';
import type { History } from '../history/event.ts';

export const Outcome = z.enum(['pass', 'fail', 'inconclusive']);
export type Outcome = z.infer<typeof Outcome>;

/** How real what was seen is, weakest first. */
export const Evidence = z.enum(['modelled', 'real-kernel', 'real-kubernetes', 'real-hardware']);
export type Evidence = z.infer<typeof Evidence>;

export const Level = z.enum(['smoke', 'standard', 'release']);
export type Level = z.infer<typeof Level>;

export const Profile = z.enum(['incident', 'hardened', 'as-is']);
export type Profile = z.infer<typeof Profile>;

/** One numbered requirement, judged. `measured` is null when nothing could be measured. */
export const RequirementVerdict = z.strictObject({
  id: z.string(),
  title: z.string(),
  verdict: Outcome,
  measured: z.number().nullable(),
  threshold: z.number(),
  /** `<=` or `>=`: how measured has to stand to threshold. */
  comparison: z.enum(['<=', '>=']),
  unit: z.string(),
  /** How many independent observations the figure rests on. */
  samples: z.int().nonnegative(),
  /** One-sided confidence of `upperBound`, 0 to 1; null where no bound was asked. */
  confidence: z.number().min(0).max(1).nullable(),
  /** One-sided Clopper–Pearson (rates) or order-statistic (quantiles) bound on the bad side; null where none. */
  upperBound: z.number().nullable(),
  evidence: Evidence,
  reason: z.string(),
  /** The plan left it out: `verdict` is inconclusive, and the whole does not depend on it. */
  skipped: z.literal(true).optional(),
});
export type RequirementVerdict = z.infer<typeof RequirementVerdict>;

/** One fault, with the four things that are recorded apart: injected, bit, (the invariant is a requirement), healed. */
export const FaultVerdict = z.strictObject({
  id: z.string(),
  kind: z.string(),
  target: z.string(),
  mechanism: z.string(),
  injected: z.boolean(),
  bit: z.boolean(),
  biteEvidence: z.string(),
  healed: z.boolean(),
  healEvidence: z.string(),
  /** It was not healed but went with its target. */
  vanished: z.literal(true).optional(),
  /** Why the target healed itself while the run still wanted the fault; absent where it did not. */
  lapsed: z.string().optional(),
  durations: z.strictObject({
    injectMs: z.number().nullable(),
    biteMs: z.number().nullable(),
    heldMs: z.number().nullable(),
    healMs: z.number().nullable(),
  }),
});
export type FaultVerdict = z.infer<typeof FaultVerdict>;

/** How a cluster that is someone's was left, against how it was found. */
export const ClusterLeft = z.strictObject({
  /** Nodes that were compared. */
  compared: z.int().nonnegative(),
  /** Differences that the run has caused. */
  ours: z.array(z.string()),
  /** Differences of which it cannot be told whether it has. */
  others: z.array(z.string()),
  /** Why nobody knows; absent where it was seen. */
  unseen: z.string().optional(),
});
export type ClusterLeft = z.infer<typeof ClusterLeft>;

/** What one node runs, by name, as the cluster tells: kubelet, containerRuntime, kernel, driver …; null: not told. */
export const NodeFound = z.strictObject({
  node: z.string(),
  versions: z.record(z.string(), z.string().nullable()),
});
export type NodeFound = z.infer<typeof NodeFound>;

/** `verdict.json`. */
export const Verdict = z.strictObject({
  schemaVersion: z.literal(1),
  runId: z.string(),
  verdict: Outcome,
  /** One sentence for the person at the gate. */
  summary: z.string(),
  profile: Profile,
  level: Level,
  seed: z.number(),
  startedAt: z.string(),
  endedAt: z.string(),
  cluster: z.strictObject({
    name: z.string(),
    provider: z.string(),
    versions: z.record(z.string(), z.string()),
    evidence: Evidence,
    /** Absent where no node was looked at. */
    nodes: z.array(NodeFound).optional(),
  }),
  requirements: z.array(RequirementVerdict),
  faults: z.array(FaultVerdict),
  /** Absent where the cluster was the harness's own. */
  left: ClusterLeft.optional(),
  /** Why the whole is not a pass, most important first; empty on a pass. */
  reasons: z.array(z.string()),
  replay: z.string(),
});
export type Verdict = z.infer<typeof Verdict>;

/** A requirement as a suite declares it: pure, from a history to a verdict. A checker that throws is inconclusive. */
export interface Requirement {
  id: string;
  title: string;
  check(history: History): Omit<RequirementVerdict, 'id' | 'title' | 'evidence' | 'skipped'>;
  /** How real what it rests on was, where that is not as real as the cluster; undefined: as the cluster. */
  evidence?(history: History): Evidence | undefined;
}
