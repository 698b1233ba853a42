import fc from 'fast-check';
import { type FaultVerdict, type RequirementVerdict, Verdict } from '../verdict.ts';

/** A requirement as the suite gpu judges one. */
export function requirement(fields: Partial<RequirementVerdict> = {}): RequirementVerdict {
  return {
    id: 'GPU-1',
    title: 'zero false allocation',
    verdict: 'pass',
    measured: 0,
    threshold: 0,
    comparison: '<=',
    unit: '%',
    samples: 2995,
    confidence: 0.95,
    upperBound: 0.09997444208,
    evidence: 'real-kubernetes',
    reason: '0 of 2995 containers started without the device that they were allocated',
    ...fields,
  };
}

export function fault(fields: Partial<FaultVerdict> = {}): FaultVerdict {
  return {
    id: 'bind-delay-1',
    kind: 'gpu/bind-delay',
    target: 'node ordeal-worker',
    mechanism: 'plugin knob',
    injected: true,
    bit: true,
    biteEvidence: 'associations took 950 ms',
    healed: true,
    healEvidence: 'associations take 251 ms',
    durations: { injectMs: 52.4, biteMs: 1_203, heldMs: 20_000, healMs: 410 },
    ...fields,
  };
}

export function verdictOf(fields: Partial<Verdict> = {}): Verdict {
  return {
    schemaVersion: 1,
    runId: '20240102-030405-abcd',
    verdict: 'pass',
    summary: 'Certified: profile hardened on kind (real-kubernetes) met 2 requirements, under 1 fault',
    profile: 'hardened',
    level: 'release',
    seed: 1,
    startedAt: '2024-01-02T03:04:05.000Z',
    endedAt: '2024-01-02T03:06:05.500Z',
    cluster: {
      name: 'ordeal-1',
      provider: 'kind',
      versions: { kubernetes: '1.34.4', containerd: '1.7.6' },
      evidence: 'real-kubernetes',
      nodes: [
        { node: 'ordeal-worker', versions: { kubelet: 'v1.34.4', driver: '535.104.05', cuda: null } },
        { node: 'ordeal-worker2', versions: { kubelet: 'v1.27.3', driver: null, cuda: null } },
      ],
    },
    requirements: [
      requirement(),
      requirement({
        id: 'GPU-3',
        title: 'start success',
        measured: 99.49996,
        threshold: 99.5,
        comparison: '>=',
        verdict: 'inconclusive',
        confidence: null,
        upperBound: null,
        reason:
          '298 of 300 starts were seen, and the level standard asks for 300 of them at the least, so go on',
      }),
    ],
    faults: [fault()],
    reasons: [],
    replay: 'ordeal run --suite gpu --profile hardened --level release --seed 1',
    ...fields,
  };
}

/** Text as someone hostile, or a broken log, would have it: markup, control characters, lone surrogates. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        '<',
        '&',
        '"',
        "'",
        ']]>',
        '|',
        '`',
        '\n',
        '\r\n',
        '\t',
        '\u0000',
        '\u001b[31m',
        '\ud800',
        '\uffff',
        '\u202e',
        '\\',
        '@x',
        '#1',
        '-->',
        'a',
        ' ',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);

/** Verdicts with such text wherever text may come from outside; a version's name is the harness's own, and never bare `__proto__`. */
export const hostileVerdict: fc.Arbitrary<Verdict> = fc
  .tuple(hostileText, hostileText, hostileText, hostileText, fc.constantFrom('pass', 'fail', 'inconclusive'))
  .map(([a, b, c, d, outcome]) =>
    verdictOf({
      verdict: outcome,
      summary: a,
      requirements: [
        requirement({ id: b, title: c, unit: d, reason: a, verdict: outcome }),
        requirement({ title: d, reason: b, verdict: 'inconclusive', skipped: true }),
      ],
      faults: [fault({ id: a, target: b, mechanism: c, biteEvidence: d, healEvidence: a })],
      reasons: [a, b, c],
      replay: d,
      cluster: {
        ...{ name: a, provider: b, versions: { [`v${c}`]: d }, evidence: 'modelled' },
        nodes: [{ node: d, versions: { [`v${a}`]: b, [`w${c}`]: null } }],
      },
    }),
  )
  .filter((verdict) => Verdict.safeParse(verdict).success);
