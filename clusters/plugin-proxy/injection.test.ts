import { expect } from 'chai';
import fc from 'fast-check';
import { Injection, injectionFor, PluginCall } from './injection.ts';

const which = {
  every: fc.integer({ min: 1, max: 20 }),
  atMost: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
};
const call = fc.constantFrom(...PluginCall.options);
const injections = fc.oneof(
  fc.record({ kind: fc.constant('delay' as const), call, ...which, delayMs: fc.nat() }),
  fc.record({ kind: fc.constant('hang' as const), call, ...which }),
  fc.record({ kind: fc.constant('duplicate' as const), call: fc.constant('Allocate' as const), ...which }),
);

describe('what is injected into a call', () => {
  it('is each so-many-eth of its own method’s calls, and no more than so many', () => {
    fc.assert(
      fc.property(injections, fc.integer({ min: 1, max: 500 }), (injection, calls) => {
        const struck = Array.from({ length: calls }, (_, index) => index + 1).filter(
          (nth) => injectionFor(injection, injection.call, nth) !== undefined,
        );
        const all = Math.floor(calls / injection.every);
        expect(struck).to.have.length(Math.min(all, injection.atMost ?? all));
        struck.forEach((nth, index) => {
          expect(nth).to.equal((index + 1) * injection.every);
        });
      }),
    );
  });

  it('is nothing in other methods’ calls, and in none where a stream is to be lost', () => {
    fc.assert(
      fc.property(injections, call, fc.integer({ min: 1, max: 500 }), (injection, other, nth) => {
        fc.pre(other !== injection.call);
        expect(injectionFor(injection, other, nth)).to.equal(undefined);
        expect(injectionFor({ kind: 'stream-lost', afterMs: 0 }, other, nth)).to.equal(undefined);
      }),
    );
  });

  it('comes through its JSON as it is, and nothing else does', () => {
    fc.assert(
      fc.property(injections, (injection) => {
        const text = JSON.stringify(injection);
        expect(Injection.parse(JSON.parse(text))).to.deep.equal(JSON.parse(text));
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Injection.safeParse(value).success).to.equal(false);
      }),
    );
    const delay = { kind: 'delay', call: 'Allocate', delayMs: 1 };
    for (const wrong of [
      { every: 0 },
      { atMost: 0 },
      { delayMs: -1 },
      { call: 'ListAndWatch' },
      { more: 1 },
    ]) {
      expect(Injection.safeParse({ ...delay, ...wrong }).success, JSON.stringify(wrong)).to.equal(false);
    }
  });
});
