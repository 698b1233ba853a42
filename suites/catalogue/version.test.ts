import { expect } from 'chai';
import fc from 'fast-check';
import { compareVersions, parseVersion, type Version, within } from './version.ts';

const version: fc.Arbitrary<Version> = fc.tuple(fc.nat(3), fc.nat(50), fc.nat(30));
const textOf = ([major, minor, patch]: Version) => `${major}.${minor}.${patch}`;

describe('versions of Kubernetes', () => {
  it('are read as clusters say them', () => {
    expect(parseVersion('v1.34.4')).to.deep.equal([1, 34, 4]);
    expect(parseVersion('1.34.4 (embedded)')).to.deep.equal([1, 34, 4]);
    expect(parseVersion('v1.27.3-gke.100')).to.deep.equal([1, 27, 3]);
    expect(parseVersion('v1.27.4+k3s1')).to.deep.equal([1, 27, 4]);
    expect(parseVersion('1.34')).to.deep.equal([1, 34, 0]);
  });

  it('are none where they are none', () => {
    for (const text of ['', 'unknown', '1', 'v', '1.x', '1.2.3.4', '-1.2.3', `1.${'9'.repeat(40)}`])
      expect(parseVersion(text), text).to.equal(undefined);
  });

  it('stand in one order, whatever comes after them', () => {
    fc.assert(
      fc.property(version, version, fc.constantFrom('', '+k3s1', '-rc.1', ' (embedded)'), (a, b, suffix) => {
        expect(parseVersion(`v${textOf(a)}${suffix}`)).to.deep.equal(a);
        expect(Math.sign(compareVersions(a, b))).to.equal(-Math.sign(compareVersions(b, a)) + 0);
        expect(compareVersions(a, b) === 0).to.equal(textOf(a) === textOf(b));
      }),
    );
  });

  it('are numbers, not letters: 1.9 is before 1.10', () => {
    expect(compareVersions([1, 9, 0], [1, 10, 0])).to.be.below(0);
    expect(compareVersions([1, 27, 10], [1, 27, 9])).to.be.above(0);
  });

  it('are in a range from its first version to before its end', () => {
    const ranges = [{ from: '1.27.0', before: '1.27.5' }];
    for (const inside of ['v1.27.0', '1.27.3', '1.27.4+k3s1'])
      expect(within(inside, ranges), inside).to.equal(true);
    for (const outside of ['1.26.9', '1.27.5', '1.28.0', 'unknown', ''])
      expect(within(outside, ranges), outside).to.equal(false);
  });

  it('are all in a range without ends, and none in no range', () => {
    fc.assert(
      fc.property(version, (one) => {
        expect(within(textOf(one), [{}])).to.equal(true);
        expect(within(textOf(one), [])).to.equal(false);
      }),
    );
  });

  it('a range that cannot be read is a mistake of the table, and is not passed over', () => {
    expect(() => within('1.27.3', [{ from: 'one' }])).to.throw(RangeError);
  });
});
