import { expect } from 'chai';
import fc from 'fast-check';
import { GrowingSet, intersect, type Range, size, subtract, union } from './ranges.ts';

const numbers = fc.array(fc.nat(60), { maxLength: 40 });
const asSet = (list: readonly number[]) => union(list.map((number): Range => [number, number]));
const members = (ranges: readonly Range[]) =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
const sorted = (set: Iterable<number>) => [...set].sort((a, b) => a - b);

describe('ranges', () => {
  it('are the sets that they stand for', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [left, right] = [new Set(a), new Set(b)];
        expect(members(asSet(a))).to.deep.equal(sorted(left));
        expect(members(union(asSet(a), asSet(b)))).to.deep.equal(sorted(new Set([...a, ...b])));
        expect(members(subtract(asSet(a), asSet(b)))).to.deep.equal(
          sorted([...left].filter((number) => !right.has(number))),
        );
        expect(members(intersect(asSet(a), asSet(b)))).to.deep.equal(
          sorted([...left].filter((number) => right.has(number))),
        );
        expect(size(asSet(a))).to.equal(left.size);
      }),
    );
  });

  it('never overlap, never touch, and ascend', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        for (const set of [asSet(a), union(asSet(a), asSet(b)), subtract(asSet(a), asSet(b))]) {
          for (const [at, [from, to]] of set.entries()) {
            expect(from).to.be.at.most(to);
            expect(from).to.be.greaterThan((set[at - 1]?.[1] ?? -2) + 1);
          }
        }
      }),
    );
  });

  it('do not change what they are made from', () => {
    const a: Range[] = [[0, 5]];
    const b: Range[] = [[3, 9]];
    union(a, b);
    subtract(a, b);
    expect([a, b]).to.deep.equal([[[0, 5]], [[3, 9]]]);
  });
});

describe('a growing set', () => {
  it('knows what is new, in whatever order it comes', () => {
    fc.assert(
      fc.property(numbers, (list) => {
        const set = new GrowingSet();
        const known = new Set<number>();
        for (const number of list) {
          expect(set.add(number)).to.equal(!known.has(number));
          known.add(number);
          expect(set.has(number)).to.equal(true);
        }
        expect(members(set.drain())).to.deep.equal(sorted(known));
        expect(set.drain()).to.deep.equal([]);
      }),
    );
  });
});
