import { expect } from 'chai';
import fc from 'fast-check';
import { isVersion, unseenOf } from './lane.ts';

describe('isVersion', () => {
  const cases: [string | undefined, string, boolean][] = [
    ['v1.34.4', '1.34.4', true],
    ['1.34.4', 'v1.34', true],
    ['containerd://1.7.6', '1.7', true],
    ['v1.34.4', '1.3', false],
    ['v1.3', '1.34', false],
    ['1.34.4 (embedded)', '1.34.4', false],
    ['1.34.4 (embedded)', '1.34', false],
    ['1.34.4 (embedded)', '1.34.4 (embedded)', true],
    ['v1.34.4+k3s1', '1.34.4', false],
    [undefined, '1.34', false],
  ];
  for (const [seen, wanted, is] of cases) {
    it(`${seen} ${is ? 'is' : 'is not'} ${wanted}`, () => expect(isVersion(seen, wanted)).to.equal(is));
  }

  it('takes every version for itself and for what it begins with', () => {
    const part = fc.nat({ max: 40 });
    fc.assert(
      fc.property(part, part, part, (a, b, c) => {
        for (const wanted of [`${a}`, `${a}.${b}`, `${a}.${b}.${c}`])
          expect(isVersion(`v${a}.${b}.${c}`, wanted)).to.equal(true);
        expect(isVersion(`v${a}.${b}`, `${a}.${b}.${c}`)).to.equal(false);
      }),
    );
  });
});

describe('a lane', () => {
  it('names what a run has not seen; a double is another provider', () => {
    const cluster = {
      name: 'c',
      provider: 'k3s (double)',
      versions: { kubernetes: 'v1.34.4' },
      evidence: 'real-kubernetes',
    } as const;
    expect(unseenOf({ provider: 'k3s', kubernetes: '1.34', tunnel: '1.0' }, cluster)).to.deep.equal([
      'provider k3s (it saw k3s (double))',
      'tunnel 1.0 (it saw none)',
    ]);
    expect(unseenOf({ provider: 'k3s (double)' }, cluster)).to.deep.equal([]);
  });
});
