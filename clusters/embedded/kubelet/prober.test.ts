import { expect } from 'chai';
import { ManualClock } from '../../../harness/clock/testing/manual-clock.ts';
import type { ProbeKind } from '../pod.ts';
import type { Container } from './container.ts';
import type { ContainerRecord } from './pod-status.ts';
import { Prober } from './prober.ts';

describe('a prober', () => {
  let clock: ManualClock;
  let end: AbortController;
  beforeEach(() => {
    clock = new ManualClock();
    end = new AbortController();
  });
  afterEach(() => end.abort());

  const container = () => ({ running: true, startedAt: clock.wall() }) as Container;

  /** A prober at work, the seconds of its attempts, and what it said; `ok` is what attempts come to. */
  const probing = (kind: ProbeKind, spec: object, more: Partial<ContainerRecord> = {}) => {
    const probe = { periodSeconds: 2, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 2, ...spec };
    const record = {
      spec: { [kind]: probe },
      started: true,
      current: container(),
      ...more,
    } as ContainerRecord;
    const seen = { at: [] as number[], verdicts: [] as string[], said: [] as string[], ok: true };
    const prober = new Prober(kind, record, {
      clock,
      signal: end.signal,
      attempt: async () => {
        seen.at.push(clock.mono() / 1_000);
        return { ok: seen.ok, output: 'refused' };
      },
      unhealthy: (message) => seen.said.push(message),
      verdict: (_, verdict) => seen.verdicts.push(verdict),
    });
    void prober.run();
    return { prober, record, seen };
  };

  it('attempts once a period, not before the initial delay', async () => {
    const { seen } = probing('readinessProbe', { initialDelaySeconds: 3 });
    await clock.advance(9_000);
    expect(seen.at).to.deep.equal([4, 6, 8]);
  });

  it('makes the next attempt at once when it is nudged, and keeps its ticks', async () => {
    const { prober, seen } = probing('readinessProbe', {});
    await clock.advance(2_500);
    prober.nudge();
    await clock.advance(0);
    await clock.advance(2_000);
    expect(seen.at).to.deep.equal([2, 2.5, 4]);
  });

  it('rests once a liveness has failed, until there is another container', async () => {
    const { record, seen } = probing('livenessProbe', {});
    seen.ok = false;
    await clock.advance(10_000);
    expect(seen.at).to.deep.equal([2, 4]);
    expect(seen.verdicts).to.deep.equal(['success', 'failure']);
    expect(seen.said).to.deep.equal(new Array(2).fill('Liveness probe failed: refused'));
    seen.ok = true;
    record.current = container();
    await clock.advance(2_000);
    expect(seen.verdicts.at(-1)).to.equal('success');
  });

  it('waits for the startup probe, which rests from then on', async () => {
    const liveness = probing('livenessProbe', {}, { started: false });
    const startup = probing('startupProbe', {}, { started: false });
    await clock.advance(3_000);
    expect([liveness.seen.at, startup.seen.at]).to.deep.equal([[], [2]]);
    liveness.record.started = true;
    startup.record.started = true;
    await clock.advance(2_000);
    expect([liveness.seen.at, startup.seen.at]).to.deep.equal([[4], [2]]);
  });

  it('leaves a container alone that does not run, and ends with the pod', async () => {
    const { record, seen } = probing('livenessProbe', {});
    (record.current as { running: boolean }).running = false;
    await clock.advance(3_000);
    record.current = container();
    end.abort();
    await clock.advance(3_000);
    expect(seen.at).to.be.empty;
  });
});
