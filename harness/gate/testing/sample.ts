import fc from 'fast-check';
import { fault, requirement, verdictOf } from '../../verdict/testing/sample.ts';
import {
  Evidence,
  Level,
  Outcome,
  Profile,
  type RequirementVerdict,
  type Verdict,
} from '../../verdict/verdict.ts';
import { type Policy, parsePolicy } from '../policy.ts';
import type { GateRun } from '../run.ts';

/** When the sample runs are gated: 2024-01-10. */
export const NOW = Date.parse('2024-01-10T00:00:00Z');
export const DAY = 86_400_000;

type Told = Partial<Omit<GateRun, 'verdict'>> & {
  verdict?: Partial<Verdict>;
  requirements?: RequirementVerdict[];
};

/** A certified release-level run on kind, a day old, with the verdict that its requirements come to. */
export function runOf({ verdict, requirements = [requirement()], ...fields }: Told = {}): GateRun {
  const counted = requirements.filter(({ skipped }) => !skipped);
  const refusals = counted.filter((each) => each.verdict === 'fail');
  const doubts = counted.filter((each) => each.verdict === 'inconclusive');
  const outcome = refusals.length > 0 ? 'fail' : doubts.length > 0 ? 'inconclusive' : 'pass';
  return {
    dir: 'out/hardened',
    rejudged: true,
    contradictions: [],
    unattested: [],
    ownSchedule: false,
    ownThresholds: {},
    verdict: verdictOf({
      verdict: outcome,
      summary: outcome,
      startedAt: new Date(NOW - DAY - 60_000).toISOString(),
      endedAt: new Date(NOW - DAY).toISOString(),
      cluster: {
        ...verdictOf().cluster,
        versions: { kubernetes: 'v1.34.4', containerRuntime: 'containerd://1.7.6' },
      },
      requirements,
      faults: [fault()],
      reasons: [
        ...refusals.map(({ id, title, reason }) => `${id} (${title}) failed: ${reason}`),
        ...doubts.map(({ id, title, reason }) => `${id} (${title}) is inconclusive: ${reason}`),
      ],
      ...verdict,
    }),
    ...fields,
  };
}

export function policyOf(text: string): Policy {
  return parsePolicy(text, 'reading a policy');
}

const ids = ['GPU-1', 'GPU-2', 'EDGE-1'];
const anyOf = <T extends string>(scale: { options: readonly T[] }) => fc.constantFrom(...scale.options);

const anyRequirement = (id: string) =>
  fc
    .record({
      verdict: anyOf(Outcome),
      evidence: anyOf(Evidence),
      samples: fc.constantFrom(0, 1, 3000),
      threshold: fc.constantFrom(0, 5),
      skipped: fc.constantFrom(undefined, undefined, true as const),
    })
    .map(({ skipped, ...fields }) =>
      requirement({ id, ...fields, ...(skipped ? { skipped, verdict: 'inconclusive' } : {}) }),
    );

/** Runs of every kind, good, bad and odd. */
export const anyRun: fc.Arbitrary<GateRun> = fc
  .record({
    requirements: fc.subarray(ids).chain((some) => fc.tuple(...some.map(anyRequirement))),
    level: anyOf(Level),
    profile: anyOf(Profile),
    ageDays: fc.constantFrom(0, 1, 6, 8, 100),
    rejudged: fc.boolean(),
    contradictions: fc.constantFrom([], [], ['verdict.json does not agree']),
    unattested: fc.constantFrom([], [], ['plan.yaml was changed']),
    faults: fc.constantFrom([fault()], [fault()], [], [fault({ bit: false })], [fault({ healed: false })]),
    own: fc.constantFrom({}, { 'GPU-1': 0 }),
    ownSchedule: fc.boolean(),
    kubernetes: fc.constantFrom('v1.34.4', '1.27.3', '1.34.4 (embedded)'),
    provider: fc.constantFrom('kind', 'k3s', 'k3s (double)'),
    dir: fc.constantFrom('a', 'b', 'c', 'd'),
  })
  .map(({ requirements, level, profile, ageDays, rejudged, contradictions, unattested, ...rest }) => {
    const { verdict } = runOf({ requirements });
    return {
      dir: rest.dir,
      rejudged,
      contradictions,
      unattested,
      ownSchedule: rest.ownSchedule,
      ownThresholds: rest.own,
      verdict: {
        ...verdict,
        level,
        profile,
        faults: [...rest.faults],
        endedAt: new Date(NOW - ageDays * DAY).toISOString(),
        cluster: { ...verdict.cluster, provider: rest.provider, versions: { kubernetes: rest.kubernetes } },
      },
    };
  });

/** Policies that ask for some of the requirements that `anyRun` judges, and waive some. */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    evidence: anyOf(Evidence),
    level: anyOf(Level),
    asked: fc.subarray(ids, { minLength: 1 }),
    waived: fc.subarray(ids),
    expires: fc.constantFrom('2023-12-31', '2024-12-31'),
    lanes: fc.constantFrom(undefined, [{ kubernetes: '1.34' }], [{ provider: 'kind' }, { provider: 'k3s' }]),
    history: fc.constantFrom('required', 'optional'),
  })
  .map(({ asked, waived, expires, lanes, ...rest }) =>
    policyOf(
      JSON.stringify({
        ...rest,
        ...(lanes ? { lanes } : {}),
        maxAge: '7d',
        requirements: Object.fromEntries(asked.map((id) => [id, {}])),
        waivers: waived.map((id) => ({ requirement: id, owner: 'ops', reason: 'known', expires })),
      }),
    ),
  );
