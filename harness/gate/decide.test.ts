import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { requirement } from '../verdict/testing/sample.ts';
import { Evidence, Level } from '../verdict/verdict.ts';
import { decide } from './decide.ts';
import { Decision, decisionJsonSchema, exitCodeOfDecision } from './decision.ts';
import type { GateRun } from './run.ts';
import { anyPolicy, anyRun, DAY, NOW, policyOf, runOf } from './testing/sample.ts';

const base = 'evidence: real-kubernetes\nlevel: release\nmaxAge: 7d\n';
const asking = (requirements: string, more = '') =>
  policyOf(`${base}${more}requirements: {${requirements}}\n`);
const gpu1 = asking('GPU-1: {}');
const failing = requirement({ verdict: 'fail', measured: 26, reason: '17 of 65 starts' });

function decided(runs: readonly GateRun[], policy = gpu1, now = NOW): Decision {
  return decide({ runs, policy, now });
}

describe('a gate', () => {
  it('opens for a run that proves what is asked', () => {
    const decision = decided([runOf()]);
    expect(decision).to.include({ decision: 'open', summary: 'Open: 1 requirement proven' });
    expect(decision.requirements[0]).to.deep.include({
      id: 'GPU-1',
      status: 'proven',
      provenBy: ['out/hardened'],
      todo: null,
    });
    expect(exitCodeOfDecision(decision)).to.equal(0);
  });

  const short: [string, GateRun[], RegExp][] = [
    ['without a run', [], /no run was given that counts/],
    [
      'for another requirement',
      [runOf({ requirements: [requirement({ id: 'GPU-2' })] })],
      /did not judge it/,
    ],
    [
      'for one that the plan left out',
      [
        runOf({
          requirements: [
            requirement({ verdict: 'inconclusive', skipped: true, reason: 'left out by the plan: no time' }),
          ],
        }),
      ],
      /left out by the plan: no time/,
    ],
    [
      'for an inconclusive run',
      [
        runOf({
          requirements: [requirement(), requirement({ id: 'GPU-6', verdict: 'inconclusive', reason: 'x' })],
        }),
      ],
      /GPU-6 .* is inconclusive: x/,
    ],
    [
      'for a run that was cut short, whatever it measured',
      [runOf({ verdict: { verdict: 'inconclusive', reasons: ['the run was interrupted'] } })],
      /the run was interrupted/,
    ],
    ['for a run without a fault', [runOf({ verdict: { faults: [] } })], /no fault bit/],
    [
      'for a pass without samples',
      [runOf({ requirements: [requirement({ samples: 0 })] })],
      /nothing was measured/,
    ],
    [
      'on evidence that is too weak',
      [runOf({ requirements: [requirement({ evidence: 'real-kernel' })] })],
      /its evidence is real-kernel, and real-kubernetes is asked for/,
    ],
    [
      'at a level that is too low',
      [runOf({ verdict: { level: 'standard' } })],
      /its level is standard, and release is asked for/,
    ],
    [
      'for a run that is too old',
      [runOf({ verdict: { endedAt: new Date(NOW - 8 * DAY).toISOString() } })],
      /ended at 2024-01-02T.*, more than 7 days ago/,
    ],
    [
      'for a run of the future',
      [runOf({ verdict: { endedAt: new Date(NOW + DAY).toISOString() } })],
      /ends in the future/,
    ],
    [
      'for a run whose time is nonsense',
      [runOf({ verdict: { endedAt: 'yesterday' } })],
      /is not told: yesterday/,
    ],
    ['for a verdict without its history', [runOf({ rejudged: false })], /no history/],
    [
      'where the plan asked for less than the suite does',
      [runOf({ requirements: [requirement({ threshold: 5 })], ownThresholds: { 'GPU-1': 0 } })],
      /its plan asked for <= 5 %, and <= 0 % is what it takes/,
    ],
    [
      'for a pass that its own figure contradicts',
      [runOf({ requirements: [requirement({ measured: 31 })] })],
      /passed 31, which is not <= 0/,
    ],
    ['for a schedule of the plan’s own', [runOf({ ownSchedule: true })], /schedules faults of its own/],
    ['for the incident', [runOf({ verdict: { profile: 'incident' } })], /no run was given that counts/],
  ];
  for (const [name, runs, reason] of short) {
    it(`stays shut, not proven, ${name}`, () => {
      const decision = decided(runs);
      expect(decision.decision).to.equal('not-proven');
      expect(decision.requirements[0]?.reason).to.match(reason);
      expect(decision.requirements[0]?.todo).to.match(
        /^give a run that passes GPU-1 at level release or above/,
      );
      expect(exitCodeOfDecision(decision)).to.equal(2);
    });
  }

  it('takes a laxer threshold that the policy names, and no laxer one than that', () => {
    const lax = runOf({ requirements: [requirement({ threshold: 5 })], ownThresholds: { 'GPU-1': 0 } });
    expect(decided([lax], asking('GPU-1: {threshold: 5}')).decision).to.equal('open');
    expect(decided([lax], asking('GPU-1: {threshold: 4}')).decision).to.equal('not-proven');
  });

  it('takes a schedule of the plan’s own where the faults that the policy names bit in it', () => {
    const own = runOf({ ownSchedule: true });
    const naming = (kind: string) => asking('GPU-1: {}', `faults: [${kind}]\n`);
    expect(decided([own], naming('gpu/bind-delay')).decision).to.equal('open');
    const thin = decided([own], naming('load/job-burst'));
    expect(thin.decision).to.equal('not-proven');
    expect(thin.requirements[0]?.reason).to.match(/no fault load\/job-burst bit in it/);
  });

  it('is shut by a failed requirement, whether it is asked for or not, and whatever else passes', () => {
    for (const policy of [gpu1, asking('GPU-2: {}')]) {
      const decision = decided(
        [
          runOf({ requirements: [requirement(), requirement({ id: 'GPU-2' })] }),
          runOf({ dir: 'b', requirements: [failing] }),
        ],
        policy,
      );
      expect(decision.decision).to.equal('refused');
      const refused = decision.requirements.find(({ id }) => id === 'GPU-1');
      expect(refused).to.deep.include({ status: 'refused', failedBy: ['b'] });
      expect(refused?.reason).to.match(/^failed in b: 17 of 65 starts$/);
      expect(refused?.todo).to.match(/waiver of GPU-1 with owner, reason and expiry/);
      expect(exitCodeOfDecision(decision)).to.equal(1);
    }
  });

  it('is shut by a run that contradicts its history, by that reason', () => {
    const decision = decided([runOf(), runOf({ dir: 'b', contradictions: ['verdict.json does not agree'] })]);
    expect(decision).to.include({
      decision: 'refused',
      summary: 'Shut by a refusal: 1 requirement proven; not to be believed: b',
    });
    expect(decision.runs[1]).to.deep.include({
      standing: 'disbelieved',
      reasons: ['verdict.json does not agree'],
    });
  });

  it('is shut by a run that is not what was signed, whatever its profile', () => {
    for (const profile of ['hardened', 'incident'] as const) {
      const unattested = ['it is not attested: there is no attestation.dsse.json'];
      const decision = decided([runOf(), runOf({ dir: 'b', unattested, verdict: { profile } })]);
      expect(decision.summary).to.equal('Shut by a refusal: 1 requirement proven; not to be believed: b');
      expect(decision.runs[1]).to.deep.include({ standing: 'disbelieved', reasons: unattested });
      expect(decision.runs[1]?.todo).to.match(/ordeal attest/);
    }
  });

  it('is shut by a run that has left a cluster other than it was, whatever it met and whatever else passes', () => {
    const left = { compared: 3, ours: ['Namespace ordeal-x is still there'], others: [] };
    const reasons = ['the cluster was not left as it was found: Namespace ordeal-x is still there'];
    const changed = runOf({ dir: 'b', verdict: { verdict: 'fail', left, reasons } });
    const decision = decided([runOf(), changed]);
    expect(decision.summary).to.equal(
      'Shut by a refusal: 1 requirement proven; left a cluster other than it was: b',
    );
    expect(decision.runs[1]).to.deep.include({ standing: 'counted', reasons });
    expect(decision.runs[1]?.todo).to.match(/ordeal clean/);
    expect(exitCodeOfDecision(decision)).to.equal(1);
  });

  it('wants each lane seen, a version whole or up to a dot', () => {
    const lanes = 'lanes: [{provider: kind, kubernetes: "1.34"}, {kubernetes: 1.27.3}]\n';
    const old = runOf({ dir: 'old' });
    old.verdict.cluster.versions = { kubernetes: 'v1.27.3' };
    expect(decided([runOf(), old], asking('GPU-1: {}', lanes)).decision).to.equal('open');
    const missing = decided([runOf()], asking('GPU-1: {}', lanes));
    expect(missing.decision).to.equal('not-proven');
    expect(missing.requirements[0]?.reason).to.equal(
      'no run proves it in the lane kubernetes 1.27.3; closest is out/hardened: it did not see kubernetes 1.27.3 (it saw v1.34.4)',
    );
    expect(missing.requirements[0]?.todo).to.match(/, in kubernetes 1\.27\.3$/);
  });

  describe('with a waiver', () => {
    const waiver = (id: string, expires = '2024-01-31') =>
      `waivers: [{requirement: ${id}, owner: ops, reason: known, expires: ${expires}}]\n`;
    const failed = runOf({ requirements: [failing, requirement({ id: 'GPU-2' })] });

    it('opens over a fail, and says so', () => {
      const decision = decided([failed], asking('GPU-1: {}, GPU-2: {}', waiver('GPU-1')));
      expect(decision).to.include({
        decision: 'open',
        summary: 'Open: 1 requirement proven; waived: GPU-1',
      });
      expect(decision.requirements[0]?.reason).to.match(
        /^waived until 2024-01-31 by ops: known; it failed in out/,
      );
      expect(decision.waivers[0]?.status).to.equal('covers');
    });

    it('covers to the end of its day, and then no more', () => {
      const policy = asking('GPU-1: {}', waiver('GPU-1', '2024-01-10'));
      expect(decided([failed], policy, NOW + DAY - 1).decision).to.equal('open');
      const expired = decided([failed], policy, NOW + DAY);
      expect(expired.decision).to.equal('refused');
      expect(expired.requirements[0]?.reason).to.match(
        /^the waiver by ops expired with 2024-01-10; failed in/,
      );
      expect(expired.waivers[0]).to.include({
        status: 'expired',
        note: 'expired with 2024-01-10; GPU-1 failed, and is refused',
      });
    });

    it('tells of one that is not needed', () => {
      const decision = decided([runOf()], asking('GPU-1: {}', waiver('GPU-1')));
      expect(decision.decision).to.equal('open');
      expect(decision.waivers[0]).to.include({ status: 'idle', note: 'GPU-1 passed: take the waiver out' });
      const expired = decided([runOf()], asking('GPU-1: {}', waiver('GPU-1', '2023-01-01')));
      expect(expired.waivers[0]?.note).to.match(/expired with 2023-01-01; nothing failed/);
    });

    it('still wants the run that failed to be fresh, real enough and free of doubt', () => {
      const policy = asking('GPU-1: {}', waiver('GPU-1'));
      const weak = runOf({ requirements: [{ ...failing, evidence: 'modelled' }] });
      expect(decided([weak], policy).decision).to.equal('not-proven');
      const toothless = runOf({ requirements: [failing] });
      toothless.verdict.reasons.push('fault delay-1 did not bite: no');
      expect(decided([toothless], policy).decision).to.equal('not-proven');
    });

    it('covers no run that is inconclusive', () => {
      const inconclusive = runOf({ requirements: [requirement({ verdict: 'inconclusive' })] });
      expect(decided([inconclusive], asking('GPU-1: {}', waiver('GPU-1'))).decision).to.equal('not-proven');
    });
  });

  describe('whatever the runs and the policy', () => {
    const cases = fc.tuple(fc.array(anyRun, { maxLength: 5 }), anyPolicy);
    const opens = (runs: readonly GateRun[], policy: typeof gpu1, now = NOW) =>
      decided(runs, policy, now).decision === 'open';
    const waivedIn = (policy: typeof gpu1, id: string) =>
      policy.waivers.some(({ requirement, expires }) => requirement === id && NOW <= expires);
    /** Most arbitrary runs shut a gate, and would show nothing: some are mended until they may open it. */
    const mended = fc
      .tuple(cases, fc.boolean())
      .map(([[runs, policy], mend]): [GateRun[], typeof gpu1] => [
        mend ? [...runs.filter((run) => opens([run], policy)), ...perfect(policy)] : runs,
        policy,
      ]);

    it('never opens for a requirement that no run passed at the evidence, level and age asked', () => {
      fc.assert(
        fc.property(mended, ([runs, policy]) => {
          fc.pre(opens(runs, policy));
          for (const id of Object.keys(policy.requirements)) {
            const passing = runs.filter(({ verdict, rejudged }) =>
              verdict.requirements.some(
                (each) =>
                  each.id === id &&
                  !each.skipped &&
                  (each.verdict === 'pass' || (each.verdict === 'fail' && waivedIn(policy, id))) &&
                  each.samples > 0 &&
                  Evidence.options.indexOf(each.evidence) >= Evidence.options.indexOf(policy.evidence) &&
                  Level.options.indexOf(verdict.level) >= Level.options.indexOf(policy.level) &&
                  NOW - Date.parse(verdict.endedAt) <= 7 * DAY &&
                  verdict.faults.some(({ bit }) => bit) &&
                  verdict.verdict !== 'inconclusive' &&
                  verdict.profile !== 'incident' &&
                  (rejudged || policy.history === 'optional'),
              ),
            );
            expect(passing).not.to.deep.equal([]);
          }
        }),
      );
    });

    it('never opens over a fail without a waiver in force, nor over a contradiction or another’s files', () => {
      fc.assert(
        fc.property(mended, ([runs, policy]) => {
          fc.pre(opens(runs, policy));
          for (const { contradictions, unattested, verdict } of runs) {
            expect([...contradictions, ...unattested]).to.deep.equal([]);
            if (verdict.verdict !== 'fail' || verdict.profile === 'incident') continue;
            for (const each of verdict.requirements.filter((one) => one.verdict === 'fail'))
              expect(waivedIn(policy, each.id), each.id).to.equal(true);
          }
        }),
      );
    });

    it('is opened by no further run that fails what is not waived', () => {
      fc.assert(
        fc.property(mended, anyRun, ([runs, policy], run) => {
          const unwaived = run.verdict.requirements.some(
            (each) => each.verdict === 'fail' && !waivedIn(policy, each.id),
          );
          fc.pre(unwaived && run.verdict.verdict === 'fail' && run.verdict.profile !== 'incident');
          expect(opens([...runs, run], policy)).to.equal(false);
        }),
      );
    });

    it('is opened by no run whose verdict is inconclusive, and by no passing of time', () => {
      fc.assert(
        fc.property(mended, anyRun, fc.nat({ max: 400 }), ([runs, policy], run, days) => {
          if (run.verdict.verdict === 'inconclusive' && opens([...runs, run], policy))
            expect(opens(runs, policy)).to.equal(true);
          if (opens(runs, policy, NOW + days * DAY)) expect(opens(runs, policy)).to.equal(true);
        }),
      );
    });

    it('does not mind in which order they are given', () => {
      fc.assert(
        fc.property(mended, ([runs, policy]) => {
          const statuses = (given: GateRun[]) =>
            decided(given, policy)
              .requirements.map(({ id, status }) => `${id} ${status}`)
              .sort();
          expect(statuses([...runs].reverse())).to.deep.equal(statuses(runs));
        }),
      );
    });

    it('says what would have to change for each requirement that keeps it shut, and is of the published schema', () => {
      fc.assert(
        fc.property(mended, ([runs, policy]) => {
          const decision = decided(runs, policy);
          expect(Decision.parse(JSON.parse(JSON.stringify(decision)))).to.deep.equal(decision);
          for (const { status, todo } of decision.requirements)
            expect(todo !== null).to.equal(status === 'refused' || status === 'not-proven');
        }),
      );
    });

    /** Runs that prove every requirement in every lane that a sample policy may name. */
    function perfect(policy: typeof gpu1): GateRun[] {
      return ['kind', 'k3s'].map((provider) => {
        const run = runOf({
          dir: provider,
          requirements: Object.keys(policy.requirements).map((id) =>
            requirement({ id, evidence: 'real-hardware' }),
          ),
        });
        run.verdict.cluster.provider = provider;
        return run;
      });
    }
  });
});

describe('decisionJsonSchema', () => {
  it('is what decision.schema.json publishes', () => {
    const published = readFileSync(new URL('decision.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).to.deep.equal(decisionJsonSchema());
  });
});
