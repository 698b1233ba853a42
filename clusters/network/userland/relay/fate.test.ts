import { expect } from 'chai';
import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { Impairment } from '../../port.ts';
import { type Fate, fateOf, type Passing } from './fate.ts';

const impairment = (fields: Partial<Impairment> = {}) =>
  Impairment.parse({ id: 'i', untilWall: 1, ...fields });
const data: Passing = {
  direction: 'to-cloud',
  traffic: 'tunnel',
  messageType: 4,
  bytes: 500,
  leftToNic: true,
};
const handshake: Passing = { ...data, messageType: 1, bytes: 120 };
const host: Passing = { ...data, traffic: 'host', messageType: 6 };

function fates(passing: Passing, inForce: Impairment[], count = 1): Fate[] {
  const random = xoroshiro128plus(1);
  return Array.from({ length: count }, () => fateOf(passing, inForce, random));
}

describe('the fate of a datagram', () => {
  it('is to pass at once with its checksum finished, where nothing is in force', () => {
    expect(fates(data, [])).to.deep.equal([
      { copies: [{ delayMs: 0, flipAt: undefined }], finish: true, rateKbit: 0, touched: new Set() },
    ]);
  });

  it('concerns what matches, and nothing else', () => {
    const lost = (passing: Passing, fields: Partial<Impairment>) =>
      fates(passing, [impairment({ loss: 100, ...fields })])[0]?.copies.length === 0;
    const answers = (fields: Partial<Impairment>) =>
      [data, handshake, { ...handshake, messageType: 2 }, host].map((passing) => lost(passing, fields));
    expect(answers({ match: 'tunnel' })).to.deep.equal([true, true, true, false]);
    expect(answers({ match: 'handshake' })).to.deep.equal([false, true, true, false]);
    expect(answers({ match: 'all' })).to.deep.equal([true, true, true, true]);
    expect(answers({ direction: 'to-edge' })).to.deep.equal([false, false, false, false]);
    expect(lost({ ...data, direction: 'to-edge' }, { direction: 'to-edge' })).to.equal(true);
  });

  it('goes through the broken engine of an offload defect, which finishes no checksum that was left to it', () => {
    const defect = [impairment({ offloadDefect: true })];
    for (const leftToNic of [true, false]) {
      expect(fates({ ...data, leftToNic }, defect)[0]).to.deep.include({
        finish: false,
        touched: new Set(['i']),
      });
    }
    expect(fates(host, defect)[0]).to.deep.include({ finish: true, touched: new Set() });
  });

  it('has the strongest of several impairments, each effect by itself', () => {
    const [fate] = fates(data, [
      impairment({ id: 'a', delayMs: 10, rateKbit: 900 }),
      impairment({ id: 'b', delayMs: 30 }),
      impairment({ id: 'c', rateKbit: 300, maxBytes: 600 }),
    ]);
    expect(fate?.copies).to.deep.equal([{ delayMs: 30, flipAt: undefined }]);
    expect(fate?.rateKbit).to.equal(300);
    expect([...(fate?.touched ?? [])].sort()).to.deep.equal(['b', 'c']);
    expect(
      fates(data, [impairment({ maxBytes: 600 }), impairment({ id: 'n', maxBytes: 499 })])[0],
    ).to.deep.include({
      copies: [],
      touched: new Set(['n']),
    });
  });

  it('draws losses, copies, flips and overtakings as often as it is told', () => {
    const inForce = [
      impairment({ loss: 10, duplicate: 20, corrupt: 30, reorder: 40, jitterMs: 5, delayMs: 5 }),
    ];
    const drawn = fates(data, inForce, 20_000);
    const copies = drawn.flatMap((fate) => fate.copies);
    const passed = drawn.filter((fate) => fate.copies.length > 0);
    expect(1 - passed.length / drawn.length).to.be.closeTo(0.1, 0.01);
    expect(copies.length / passed.length - 1).to.be.closeTo(0.2, 0.015);
    expect(copies.filter(({ flipAt }) => flipAt !== undefined).length / copies.length).to.be.closeTo(
      0.3,
      0.015,
    );
    expect(copies.filter(({ delayMs }) => delayMs > 10).length / copies.length).to.be.closeTo(0.4, 0.015);
  });

  it('touches nothing where its shares are 0, and always something where one is 100', () => {
    const shares = fc.record({ loss: fc.constantFrom(0, 100), corrupt: fc.constantFrom(0, 100) });
    fc.assert(
      fc.property(shares, fc.integer(), (fields, seed) => {
        const { touched } = fateOf(data, [impairment(fields)], xoroshiro128plus(seed));
        expect(touched.size > 0).to.equal(fields.loss + fields.corrupt > 0);
      }),
    );
  });
});
