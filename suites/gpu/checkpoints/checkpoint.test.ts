import { expect } from 'chai';
import fc from 'fast-check';
import { decode, encode, folderOf, keyOf, payloadOf, stepOf } from './checkpoint.ts';

const about = fc.record({
  step: fc.integer({ min: 1, max: 1e6 }),
  attempt: fc.uuid(),
  from: fc.nat(),
});
const payload = fc.uint8Array({ maxLength: 300 });

describe('a checkpoint', () => {
  it('says what it is where it is whole, and that it is torn where a byte is missing or another', () => {
    fc.assert(
      fc.property(about, payload, fc.nat(), fc.integer({ min: 1, max: 255 }), (head, bytes, place, flip) => {
        const object = encode(head, bytes);
        expect(decode(object)).to.have.property('head').that.includes(head);
        const at = place % object.length;
        expect(decode(object.subarray(0, at))).to.have.property('torn');
        const end = object.indexOf(0x0a);
        if (at <= end) return;
        const other = Buffer.from(object);
        other[at] = (other[at] as number) ^ flip;
        expect(decode(other)).to.have.property('torn');
      }),
    );
  });

  it('has a payload that its seed gives again, and no other seed, trainer or step', () => {
    const bytes = (seed: number, trainer: number, step: number) =>
      payloadOf(seed, trainer, step, 64).toString('hex');
    expect(bytes(1, 2, 3)).to.equal(bytes(1, 2, 3));
    const others = [bytes(1, 2, 3), bytes(2, 2, 3), bytes(1, 3, 3), bytes(1, 2, 4)];
    expect(new Set(others).size).to.equal(others.length);
  });

  it('is found by its key, among no other trainer’s', () => {
    fc.assert(
      fc.property(fc.nat({ max: 99 }), fc.integer({ min: 1, max: 1e7 }), (trainer, step) => {
        const key = keyOf('ordeal/run', trainer, step);
        expect(stepOf(key)).to.equal(step);
        expect(key.startsWith(folderOf('ordeal/run', trainer))).to.equal(true);
        expect(key.startsWith(folderOf('ordeal/run', trainer + 1))).to.equal(false);
      }),
    );
    expect(stepOf('ordeal/run/trainer-0/notes')).to.equal(undefined);
  });
});
