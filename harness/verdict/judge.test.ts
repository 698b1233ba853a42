import { expect } from 'chai';
import fc from 'fast-check';
import { type Clock, systemClock } from '../clock/clock.ts';
import type { EngineEvents, History } from '../history/event.ts';
import { memoryRecorder } from '../history/writer.ts';
import { Plan } from '../plan/schema.ts';
import { type JudgedSuite, judge } from './judge.ts';
import { type Requirement, Verdict } from './verdict.ts';

type Checked = ReturnType<Requirement['check']>;
type Step = { [T in keyof EngineEvents]: [T, EngineEvents[T]] }[keyof EngineEvents];

const passing: Checked = {
  verdict: 'pass',
  measured: 0,
  threshold: 0,
  comparison: '<=',
  unit: '%',
  samples: 312,
  confidence: 0.95,
  upperBound: 0.96,
  reason: '0 of 312 starts',
};
const failing: Checked = { ...passing, verdict: 'fail', measured: 31, reason: '97 of 312 starts' };

const names = { fault: 'delay-1', kind: 'gpu/bind-delay', target: 'every node' };
const started: Step = [
  'run.started',
  { runId: 'r1', ordeal: '0.1.0', seed: 7, profile: 'hardened', level: 'standard', replay: 'ordeal run' },
];
const up: Step = [
  'cluster.up',
  {
    name: 'c',
    provider: 'kind',
    versions: { kubernetes: '1.34.4' },
    evidence: 'real-kubernetes',
    nodes: ['n'],
  },
];
const injecting: Step = ['fault.injecting', { ...names, mechanism: 'knob' }];
const injected: Step = ['fault.injected', { ...names, mechanism: 'knob', detail: null }];
const bit: Step = ['fault.bit', { fault: 'delay-1', bit: true, evidence: 'binds took 900 ms' }];
const healing: Step = ['fault.healing', { fault: 'delay-1' }];
const healed: Step = ['fault.healed', { fault: 'delay-1', healed: true, evidence: 'binds take 250 ms' }];
const ended: Step = ['run.ended', { outcome: 'done' }];
const steady: Step = ['steady.reached', { suite: 'gpu', measured: {} }];
const whole = [started, up, steady, injecting, injected, bit, healing, healed, ended];

/** A whole run of a fault that takes the API server away for so long, and away it was 20 ms after it was injected. */
const awayUnder = (apiAwayMs: number, away?: EngineEvents['api.away']): Step[] => [
  ...whole.slice(0, 3),
  ['fault.injecting', { ...names, mechanism: 'knob', apiAwayMs }],
  ...whole.slice(4, 6),
  ...(away ? ([['api.away', away]] as Step[]) : []),
  ...whole.slice(6),
];

/** Each event 10 ms after the one before. */
function historyOf(steps: readonly Step[]): History {
  let now = 0;
  const clock: Clock = { ...systemClock, mono: () => (now += 10), wall: () => 1_700_000_000_000 + now };
  const recorder = memoryRecorder(clock);
  for (const [type, body] of steps) recorder.record('harness', type, body);
  return recorder.events;
}

function suiteOf(checks: (() => Checked)[], faults = ['delay-1']): JudgedSuite {
  return {
    name: 'gpu',
    requirements: () => checks.map((check, i) => ({ id: `GPU-${i + 1}`, title: `title ${i + 1}`, check })),
    scheduledFaults: () => faults,
  };
}

function judged(
  steps: readonly Step[],
  suite: JudgedSuite = suiteOf([() => passing]),
  plan: object = {},
): Verdict {
  return judge({ history: historyOf(steps), suites: [suite], plan: Plan.parse(plan), truncated: false });
}

describe('judge', () => {
  describe('of a cluster that is someone’s', () => {
    const existing: Step = ['cluster.up', { ...(up[1] as EngineEvents['cluster.up']), provider: 'existing' }];
    const leftAs = (left: Partial<EngineEvents['cluster.left']>): Verdict =>
      judged([
        ...whole.slice(0, -1).map((step) => (step === up ? existing : step)),
        ['cluster.left', { compared: 3, ours: [], others: [], ...left }],
        ended,
      ]);

    it('passes where it is as it was found, and says so', () => {
      const { left, verdict } = leftAs({});
      expect(verdict).to.equal('pass');
      expect(left).to.deep.equal({ compared: 3, ours: [], others: [] });
    });

    it('fails for a difference that the run has caused', () => {
      const { reasons, verdict } = leftAs({ ours: ['Namespace ordeal-x is still there'] });
      expect(verdict).to.equal('fail');
      expect(reasons).to.deep.equal([
        'the cluster was not left as it was found: Namespace ordeal-x is still there',
      ]);
    });

    it('is inconclusive for one that may be anybody’s, and where nobody looked', () => {
      const other = leftAs({ others: ['node a is gone'] });
      expect(other.verdict).to.equal('inconclusive');
      expect(other.reasons).to.deep.equal(['while the run went on the cluster changed: node a is gone']);
      expect(leftAs({ unseen: 'no answer' }).reasons).to.deep.equal([
        'how the cluster was left is not known: no answer',
      ]);
      const never = judged(whole.map((step) => (step === up ? existing : step)));
      expect(never.verdict).to.equal('inconclusive');
      expect(never.reasons[0]).to.contain('no comparison');
    });
  });

  it('certifies a run whose API server was away for as long as its fault takes, and says so of the fault', () => {
    const { faults, reasons, verdict } = judged(awayUnder(25, { ms: 20 }));
    expect({ reasons, verdict }).to.deep.equal({ reasons: [], verdict: 'pass' });
    expect(faults[0]?.biteEvidence).to.equal('binds took 900 ms; the API server did not answer for 0.0 s');
  });

  it('certifies a whole run whose requirements are met', () => {
    const verdict = judged(whole);
    expect(verdict).to.include({ verdict: 'pass', runId: 'r1', profile: 'hardened', replay: 'ordeal run' });
    expect(verdict.reasons).to.deep.equal([]);
    expect(verdict.summary).to.equal(
      'Certified: profile hardened on kind (real-kubernetes) met 1 requirement, under 1 fault that bit and healed',
    );
    expect(verdict.requirements[0]).to.deep.equal({
      id: 'GPU-1',
      title: 'title 1',
      ...passing,
      evidence: 'real-kubernetes',
    });
    expect(verdict.faults).to.deep.equal([
      {
        id: 'delay-1',
        kind: 'gpu/bind-delay',
        target: 'every node',
        mechanism: 'knob',
        injected: true,
        bit: true,
        biteEvidence: 'binds took 900 ms',
        healed: true,
        healEvidence: 'binds take 250 ms',
        durations: { injectMs: 10, biteMs: 10, heldMs: 20, healMs: 10 },
      },
    ]);
    expect(Verdict.parse(verdict)).to.deep.equal(verdict);
  });

  it('refuses for one failed requirement, which it names first', () => {
    const verdict = judged(whole, suiteOf([() => passing, () => failing]));
    expect(verdict.verdict).to.equal('fail');
    expect(verdict.summary).to.equal('Refused: GPU-2 (title 2) failed: 97 of 312 starts');
  });

  it('refuses a failed requirement even where there are doubts, and gives those after it', () => {
    const verdict = judged(
      whole.filter((step) => step !== bit),
      suiteOf([() => failing]),
    );
    expect(verdict.verdict).to.equal('fail');
    expect(verdict.reasons).to.have.length(2);
    expect(verdict.reasons[0]).to.match(/^GPU-1/);
  });

  describe('is inconclusive', () => {
    const without = (...gone: Step[]) => whole.filter((step) => !gone.includes(step));
    const instead = (old: Step, step: Step) => whole.map((each) => (each === old ? step : each));
    const boom = () => {
      throw new TypeError('boom');
    };
    const cases: [string, readonly Step[], JudgedSuite | undefined, RegExp][] = [
      ['when a checker throws', whole, suiteOf([boom]), /GPU-1.*its checker threw TypeError: boom/],
      [
        'when a checker gives no number',
        whole,
        suiteOf([() => ({ ...passing, measured: Number.NaN })]),
        /GPU-1.*gave no verdict/,
      ],
      [
        'when a pass rests on no sample',
        whole,
        suiteOf([() => ({ ...passing, samples: 0 })]),
        /nothing was measured/,
      ],
      [
        'when a pass rests on no figure',
        whole,
        suiteOf([() => ({ ...passing, measured: null })]),
        /nothing was measured/,
      ],
      [
        'when a pass contradicts its threshold',
        whole,
        suiteOf([() => ({ ...passing, comparison: '>=', threshold: 99.5, measured: 99.4 })]),
        /passed 99.4, which is not >= 99.5/,
      ],
      [
        'when it is not known how real it was',
        whole,
        {
          ...suiteOf([]),
          requirements: () => [
            { id: 'GPU-1', title: 'title 1', check: () => passing, evidence: () => 'imagined' as 'modelled' },
          ],
        },
        /GPU-1 .*how real what it rests on was is not known: imagined/,
      ],
      [
        'when a requirement is',
        whole,
        suiteOf([() => ({ ...passing, verdict: 'inconclusive', reason: '12 of 300 starts' })]),
        /GPU-1 \(title 1\) is inconclusive: 12 of 300 starts/,
      ],
      ['without a requirement', whole, suiteOf([]), /no requirement was judged/],
      ['without a scheduled fault', whole, suiteOf([() => passing], []), /no fault was scheduled/],
      [
        'when a fault has no bite recorded',
        without(bit),
        undefined,
        /delay-1 did not bite: no bite was recorded/,
      ],
      [
        'when a fault did not bite',
        instead(bit, ['fault.bit', { fault: 'delay-1', bit: false, evidence: 'binds took 250 ms' }]),
        undefined,
        /delay-1 did not bite: binds took 250 ms/,
      ],
      [
        'when a scheduled fault was never injected',
        [started, up, steady, ended],
        undefined,
        /delay-1 did not bite: it was scheduled and never injected/,
      ],
      [
        'when a fault was refused',
        [started, up, steady, ['fault.refused', { ...names, reason: 'no knob' }], ended],
        undefined,
        /delay-1 did not bite: refused: no knob/,
      ],
      [
        'when injecting failed half way and nothing healed it',
        [started, up, steady, injecting, ended],
        undefined,
        /delay-1 on every node was not healed: no heal was recorded/,
      ],
      ['when a heal is missing', without(healing, healed), undefined, /delay-1 on every node was not healed/],
      [
        'when a heal was not seen to work',
        instead(healed, ['fault.healed', { fault: 'delay-1', healed: false, evidence: 'still slow' }]),
        undefined,
        /not healed: still slow/,
      ],
      [
        'when a fault bit before it was injected',
        [started, up, steady, bit, injecting, injected, healing, healed, ended],
        undefined,
        /delay-1 did not bite: no bite was recorded/,
      ],
      [
        'when a fault was injected again after its heal',
        [...without(ended), injecting, injected, ended],
        undefined,
        /delay-1 on every node was not healed: no heal was recorded/,
      ],
      [
        'when a fault came before the steady state was seen',
        [started, up, injecting, injected, steady, bit, healing, healed, ended],
        undefined,
        /fault delay-1 came before the steady state of suite gpu was seen/,
      ],
      [
        'when a fault’s target vanished',
        instead(healed, [
          'fault.healed',
          { fault: 'delay-1', healed: true, vanished: true, evidence: 'no n1' },
        ]),
        undefined,
        /every node vanished under fault delay-1: no n1/,
      ],
      [
        'when a fault lapsed while it was wanted',
        instead(healing, [
          'fault.lapsed',
          { fault: 'delay-1', evidence: 'the run was not heard of in time' },
        ]),
        undefined,
        /delay-1 on every node was not there all the time: the run was not heard of in time/,
      ],
      [
        'when the steady state was missed',
        [
          ...whole.slice(0, 2),
          ['steady.missed', { suite: 'gpu', reason: 'node n NotReady' }],
          ...whole.slice(2),
        ],
        undefined,
        /steady state of suite gpu was not reached: node n NotReady/,
      ],
      [
        'when nobody saw the steady state',
        without(steady),
        undefined,
        /nobody saw whether suite gpu reached its steady state/,
      ],
    ];
    for (const [when, steps, suite, reason] of cases) {
      it(when, () => {
        const verdict = judged(steps, suite);
        expect(verdict.verdict).to.equal('inconclusive');
        expect(verdict.reasons[0]).to.match(reason);
        expect(verdict.summary).to.match(/^Inconclusive: /);
        expect(Verdict.parse(verdict)).to.deep.equal(verdict);
      });
    }

    const cutShort: [string, readonly Step[], RegExp][] = [
      [
        'interrupted',
        instead(ended, ['run.ended', { outcome: 'interrupted', error: 'SIGINT' }]),
        /the run was interrupted: SIGINT/,
      ],
      [
        'whose API server was away for a while',
        [...whole.slice(0, 4), ['api.away', { ms: 20_300, reason: 'ECONNREFUSED' }], ...whole.slice(4)],
        /the API server did not answer for 20\.3 s \(ECONNREFUSED\): what happened meanwhile was not seen/,
      ],
      [
        'whose API server was away for longer than its fault takes',
        awayUnder(20, { ms: 20.01 }),
        /the API server did not answer for 0\.0 s/,
      ],
      [
        'whose API server was away before its fault was injected',
        awayUnder(60, { ms: 50 }),
        /the API server did not answer for 0\.1 s/,
      ],
      [
        'whose API server was away for longer than its fault was there',
        [...awayUnder(60).slice(0, -1), ['api.away', { ms: 20 }], ended],
        /the API server did not answer for 0\.0 s/,
      ],
      [
        'whose API server was away for a fault that was not seen to be gone',
        awayUnder(60, { ms: 20 }).map((step) =>
          step === healed ? ['fault.healed', { fault: 'delay-1', healed: false, evidence: 'still' }] : step,
        ),
        /the API server did not answer for 0\.0 s/,
      ],
      ['past its deadline', instead(ended, ['run.ended', { outcome: 'deadline' }]), /passed its deadline/],
      [
        'failed',
        instead(ended, ['run.ended', { outcome: 'failed', error: 'no node' }]),
        /the run failed: no node/,
      ],
      ['without an end', without(ended), /the run has no end/],
      ['without a start', without(started), /no start/],
      ['without a cluster', without(up), /no cluster came up/],
      ['that is two', [...whole, ...whole], /the history is of 2 runs/],
      ['that began later', [up, started, ...whole.slice(2)], /the history begins before its run/],
      ['that ended before', [...whole.slice(0, -2), ended, healed], /the history goes on after its run/],
    ];
    for (const [what, steps, reason] of cutShort) {
      it(`for a run ${what}, and still shows the failure that was measured`, () => {
        const verdict = judged(steps, suiteOf([() => failing]));
        expect(verdict.verdict).to.equal('inconclusive');
        expect(verdict.reasons[0]).to.match(reason);
        expect(verdict.reasons[1]).to.match(/^GPU-1 .*97 of 312 starts/);
        expect(verdict.requirements[0]).to.include({ verdict: 'fail', measured: 31 });
      });
    }

    it('for a run whose API server was away again and again, for longer altogether than its fault takes', () => {
      const away = (times: number): Step[] => [
        ...awayUnder(25).slice(0, 6),
        ...Array.from({ length: times }, (): Step => ['api.away', { ms: 10 }]),
        ...whole.slice(6),
      ];
      expect(judged(away(2)).verdict).to.equal('pass');
      expect(judged(away(3)).verdict).to.equal('inconclusive');
    });

    it('for a torn history', () => {
      const verdict = judge({
        history: historyOf(whole),
        suites: [suiteOf([() => passing])],
        plan: Plan.parse({}),
        truncated: true,
      });
      expect(verdict).to.include({ verdict: 'inconclusive' });
      expect(verdict.reasons[0]).to.match(/torn/);
    });

    it('when a suite of the plan was not judged', () => {
      const verdict = judged(whole, undefined, { suites: [{ name: 'gpu' }, { name: 'edge' }] });
      expect(verdict.reasons[0]).to.match(/suite edge is in the plan and was not judged/);
    });

    it('for an empty history', () => {
      const verdict = judged([]);
      expect(verdict.verdict).to.equal('inconclusive');
      expect(verdict.requirements[0]?.evidence).to.equal('modelled');
      expect(Verdict.parse(verdict)).to.deep.equal(verdict);
    });
  });

  it('takes a heal that was repeated until it worked', () => {
    const failed: Step = ['fault.healed', { fault: 'delay-1', healed: false, evidence: 'still slow' }];
    const verdict = judged([...whole.slice(0, -2), failed, healed, ended]);
    expect(verdict.verdict).to.equal('pass');
    expect(verdict.faults[0]?.healEvidence).to.equal('binds take 250 ms');
  });

  it('leaves out what the plan skips, shows its figures, and certifies the rest', () => {
    const plan = { requirements: { 'GPU-2': { skip: 'no quota on this cluster' } } };
    const verdict = judged(whole, suiteOf([() => passing, () => failing]), plan);
    expect(verdict.verdict).to.equal('pass');
    expect(verdict.summary).to.contain('met 1 requirement, 1 left out by the plan');
    expect(verdict.requirements[1]).to.include({
      verdict: 'inconclusive',
      skipped: true,
      measured: 31,
      reason: 'left out by the plan: no quota on this cluster',
    });
  });

  it('says of a certified run how many thresholds were the plan’s', () => {
    const plan = { requirements: { 'GPU-1': { threshold: 50 }, 'GPU-3': { threshold: 5 } } };
    const verdict = judged(whole, suiteOf([() => passing, () => passing]), plan);
    expect(verdict.summary).to.contain('met 2 requirements, 1 by a threshold of the plan’s, under 1 fault');
  });

  it('certifies nothing when the plan skips everything', () => {
    const verdict = judged(whole, suiteOf([() => passing]), {
      requirements: { 'GPU-1': { skip: 'why not' } },
    });
    expect(verdict).to.include({ verdict: 'inconclusive' });
    expect(verdict.reasons).to.deep.equal(['no requirement was judged']);
  });

  it('never certifies a run that lacks an event, whichever', () => {
    fc.assert(
      fc.property(fc.subarray(whole), fc.constantFrom(passing, failing), (steps, checked) => {
        const verdict = judged(steps, suiteOf([() => checked]));
        // The two that only durations rest on are not needed to certify.
        const needed = [started, up, steady, injected, bit, healed, ended].every((step) =>
          steps.includes(step),
        );
        if (verdict.verdict === 'pass') expect(needed && checked === passing).to.equal(true);
        expect(verdict.verdict === 'pass').to.equal(verdict.reasons.length === 0);
      }),
    );
  });
});
