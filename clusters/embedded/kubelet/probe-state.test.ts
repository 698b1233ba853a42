import { expect } from 'chai';
import fc from 'fast-check';
import { afterAttempt, freshState, type ProbeState } from './probe-state.ts';

const kinds = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

describe('the verdict of a probe', () => {
  it('before the first attempt: alive, not ready, and of the start nothing is known', () => {
    expect(kinds.map((kind) => freshState(kind).verdict)).to.deep.equal(['success', 'failure', 'unknown']);
  });

  it('turns exactly when the last attempts, as many as the threshold, agree', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.array(fc.boolean(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (kind, attempts, successThreshold, failureThreshold) => {
          let state: ProbeState = freshState(kind);
          let { verdict } = state;
          for (let count = 1; count <= attempts.length; count++) {
            state = afterAttempt(state, attempts[count - 1] as boolean, {
              successThreshold,
              failureThreshold,
            });
            const agree = (ok: boolean, threshold: number) =>
              count >= threshold && attempts.slice(count - threshold, count).every((one) => one === ok);
            if (agree(true, successThreshold)) verdict = 'success';
            if (agree(false, failureThreshold)) verdict = 'failure';
            expect(state.verdict).to.equal(verdict);
          }
        },
      ),
    );
  });
});
