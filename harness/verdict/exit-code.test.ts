import { expect } from 'chai';
import { asExpected, exitCodeOf, exitCodeOfControls, missedBy } from './exit-code.ts';
import type { Outcome, Verdict } from './verdict.ts';

const control = (expected: Outcome, verdict: Outcome, failed: readonly string[] = ['GPU-1']) => ({
  expected,
  verdict: { verdict, requirements: failed.map((id) => ({ id, verdict: 'fail' })) } as Verdict,
  refusedFor: ['GPU-1'],
});

describe('exit codes', () => {
  it('open a gate for a pass only', () => {
    expect((['pass', 'fail', 'inconclusive'] as const).map(exitCodeOf)).to.deep.equal([0, 1, 2]);
  });

  it('of controls are 0 only when the incident was refused and the hardened profile certified', () => {
    const cases: [Outcome, Outcome, number][] = [
      ['fail', 'pass', 0],
      ['fail', 'fail', 1],
      ['pass', 'fail', 1],
      ['pass', 'pass', 2],
      ['inconclusive', 'pass', 2],
      ['fail', 'inconclusive', 2],
    ];
    for (const [incident, hardened, code] of cases) {
      expect(exitCodeOfControls([control('fail', incident), control('pass', hardened)])).to.equal(code);
    }
    expect(exitCodeOfControls([])).to.equal(2);
  });

  it('of an incident that was refused for something else are 2: the incident was not seen', () => {
    const slow = control('fail', 'fail', ['GPU-4']);
    expect(missedBy(slow)).to.deep.equal(['GPU-1']);
    expect(exitCodeOfControls([slow, control('pass', 'pass', [])])).to.equal(2);
    expect(exitCodeOfControls([control('fail', 'fail', ['GPU-4', 'GPU-1'])])).to.equal(0);
  });

  it('of an incident that left someone’s cluster changed are 1, refused for what it is or not', () => {
    const incident = control('fail', 'fail');
    incident.verdict.left = { compared: 1, ours: ['node a: a label'], others: [] };
    expect(asExpected(incident)).to.equal(false);
    expect(exitCodeOfControls([incident, control('pass', 'pass', [])])).to.equal(1);
  });
});
