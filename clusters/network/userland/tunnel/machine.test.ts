import { expect } from 'chai';
import fc from 'fast-check';
import { deadlineOf, freshTunnel, step, type TunnelAction, type TunnelEvent } from './machine.ts';
import {
  ERASE_AFTER_TIME,
  KEEPALIVE_TIMEOUT,
  MAX_JITTER,
  MAX_STAGED,
  REJECT_AFTER_TIME,
  REKEY_AFTER_TIME,
  REKEY_ATTEMPT_TIME,
  REKEY_TIMEOUT,
} from './timers.ts';

const packet = Buffer.from('packet');
const empty = Buffer.alloc(0);
const jitterMs = 100;

/** A machine with its clock, woken at its deadlines; what it did, with when. */
class Run {
  state = freshTunnel();
  now = 0;
  readonly log: { at: number; action: TunnelAction }[] = [];

  take(event: TunnelEvent): TunnelAction[] {
    const { actions, state } = step(this.state, event, { now: this.now, jitterMs });
    this.state = state;
    for (const action of actions) this.log.push({ at: this.now, action });
    return actions;
  }

  /** Lets time pass, with everything that is due in it. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (deadlineOf(this.state) <= until) {
      this.now = Math.max(this.now, deadlineOf(this.state));
      this.take({ type: 'tick' });
    }
    this.now = until;
  }

  times(type: TunnelAction['type']): number[] {
    return this.log.filter(({ action }) => action.type === type).map(({ at }) => at);
  }
}

/** Has a session that this end initiated, at the time 0. */
function established(): Run {
  const run = new Run();
  run.take({ type: 'outbound', payload: packet });
  run.take({ type: 'response', session: 1 });
  // The peer answers, so that the session is not doubted.
  run.take({ type: 'transport', session: 1, payload: empty });
  run.log.length = 0;
  return run;
}

describe('the tunnel’s timers', () => {
  it('stay silent without anything to send', () => {
    expect(deadlineOf(freshTunnel())).to.equal(Number.POSITIVE_INFINITY);
  });

  it('initiate for the first packet, which goes when the peer has answered', () => {
    const run = new Run();
    expect(run.take({ type: 'outbound', payload: packet })).to.deep.equal([{ type: 'initiate' }]);
    expect(run.take({ type: 'outbound', payload: packet })).to.deep.equal([]);
    const sent = { type: 'transport', session: 7, payload: packet };
    expect(run.take({ type: 'response', session: 7 })).to.deep.equal([sent, sent]);
  });

  it('confirm a session with a keepalive where nothing else is to be sent', () => {
    const run = new Run();
    run.take({ type: 'keepalive', ms: 20_000 });
    expect(run.take({ type: 'response', session: 1 })).to.deep.equal([
      { type: 'transport', session: 1, payload: empty },
    ]);
  });

  it('try again every 5 s plus jitter, for 90 s; then only for a new packet', () => {
    const run = new Run();
    run.take({ type: 'outbound', payload: packet });
    run.pass(1_000_000);
    const times = run.times('initiate');
    expect(times).to.deep.equal(times.map((_, index) => index * (REKEY_TIMEOUT + jitterMs)));
    expect(times.at(-1)).to.be.within(REKEY_ATTEMPT_TIME - REKEY_TIMEOUT - MAX_JITTER, REKEY_ATTEMPT_TIME);
    expect(run.state.staged).to.have.length(0);
    expect(run.take({ type: 'outbound', payload: packet })).to.deep.equal([{ type: 'initiate' }]);
  });

  it('with a persistent keepalive never give up for long', () => {
    const run = new Run();
    run.take({ type: 'keepalive', ms: 20_000 });
    run.pass(3_600_000);
    const times = run.times('initiate');
    const gaps = times.slice(1).map((at, index) => at - (times[index] as number));
    expect(Math.max(...gaps)).to.be.at.most(20_000 + REKEY_TIMEOUT + MAX_JITTER);
  });

  it('renew a session that is 120 s old when it sends, and only at the end that initiated it', () => {
    const run = established();
    run.pass(REKEY_AFTER_TIME - 1);
    expect(run.take({ type: 'outbound', payload: packet }).map(({ type }) => type)).to.deep.equal([
      'transport',
    ]);
    run.take({ type: 'transport', session: 1, payload: empty });
    run.pass(1);
    expect(run.take({ type: 'outbound', payload: packet }).map(({ type }) => type)).to.deep.equal([
      'transport',
      'initiate',
    ]);
    const other = new Run();
    other.take({ type: 'initiation', session: 1 });
    other.take({ type: 'transport', session: 1, payload: empty });
    other.pass(REKEY_AFTER_TIME + 1);
    expect(other.take({ type: 'outbound', payload: packet }).map(({ type }) => type)).to.deep.equal([
      'transport',
    ]);
  });

  it('renew a session that only receives, once, at 165 s', () => {
    const run = established();
    run.pass(REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT);
    const receive = () =>
      run.take({ type: 'transport', session: 1, payload: packet }).map(({ type }) => type);
    expect(receive()).to.deep.equal(['initiate', 'deliver']);
    run.pass(REKEY_TIMEOUT - 1);
    expect(receive()).to.deep.equal(['deliver']);
  });

  it('neither send nor take anything with a session that is 180 s old', () => {
    const run = established();
    run.pass(REJECT_AFTER_TIME);
    expect(run.take({ type: 'transport', session: 1, payload: packet })).to.deep.equal([]);
    expect(run.take({ type: 'outbound', payload: packet })).to.deep.equal([{ type: 'initiate' }]);
  });

  it('say after 10 s that something came, where nothing was sent meanwhile', () => {
    const run = established();
    run.take({ type: 'transport', session: 1, payload: packet });
    run.pass(KEEPALIVE_TIMEOUT);
    expect(run.log.at(-1)).to.deep.equal({
      at: KEEPALIVE_TIMEOUT,
      action: { type: 'transport', session: 1, payload: empty },
    });
  });

  it('doubt a session 15 s after a packet that nothing answered', () => {
    const run = established();
    run.take({ type: 'outbound', payload: packet });
    run.pass(60_000);
    expect(run.times('initiate')[0]).to.equal(KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + jitterMs);
  });

  it('do not send with a session that the peer initiated before the peer has used it', () => {
    const run = new Run();
    expect(run.take({ type: 'initiation', session: 3 })).to.deep.equal([{ type: 'respond', session: 3 }]);
    expect(run.take({ type: 'outbound', payload: packet })).to.deep.equal([]);
    expect(run.take({ type: 'transport', session: 3, payload: empty })).to.deep.equal([
      { type: 'transport', session: 3, payload: packet },
    ]);
  });

  it('erase all keys after 540 s without a new session', () => {
    const run = established();
    run.pass(ERASE_AFTER_TIME);
    expect(run.log.at(-1)).to.deep.equal({ at: ERASE_AFTER_TIME, action: { type: 'forget', session: 1 } });
  });

  it('hold their bounds whatever comes', () => {
    const events = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 0, max: 70_000 }) }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('send'), ms: fc.constant(0) }) },
      fc.record({
        kind: fc.constantFrom('initiation', 'response', 'receive', 'receive-empty'),
        ms: fc.nat(5),
      }),
      fc.record({ kind: fc.constant('keepalive'), ms: fc.constantFrom(0, 1_000, 20_000) }),
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 120 }), (script) => {
        const run = new Run();
        const born = new Map<number, number>();
        const forgotten = new Set<number>();
        let checked = 0;
        let initiatedAt = Number.NEGATIVE_INFINITY;
        const check = () => {
          for (const { action, at } of run.log.slice(checked)) {
            if (action.type === 'initiate') {
              expect(at - initiatedAt).to.be.at.least(REKEY_TIMEOUT);
              initiatedAt = at;
            }
            if (action.type === 'transport') {
              expect(forgotten.has(action.session)).to.equal(false);
              expect(at - (born.get(action.session) as number)).to.be.below(REJECT_AFTER_TIME);
            }
            if (action.type === 'forget') forgotten.add(action.session);
          }
          checked = run.log.length;
          expect(run.state.staged.length).to.be.at.most(MAX_STAGED);
          // Nothing that is due stays due, or its holder would never sleep.
          run.take({ type: 'tick' });
          expect(deadlineOf(run.state)).to.be.above(run.now);
        };
        script.forEach(({ kind, ms }, index) => {
          if (kind === 'pass') run.pass(ms);
          else if (kind === 'send') run.take({ type: 'outbound', payload: packet });
          else if (kind === 'keepalive') run.take({ type: 'keepalive', ms });
          else if (kind === 'initiation' || kind === 'response') {
            born.set(index, run.now);
            run.take({ type: kind, session: index });
          } else {
            const session = [...born.keys()].at(-1 - ms) ?? -1;
            run.take({ type: 'transport', session, payload: kind === 'receive' ? packet : empty });
          }
          check();
        });
      }),
    );
  });
});
