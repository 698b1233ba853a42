import { expect } from 'chai';
import fc from 'fast-check';
import {
  finishChecksum,
  flipBit,
  isLeftToNic,
  messageTypeOf,
  type Traffic,
  trafficOf,
  unwrap,
  wrap,
} from './datagram.ts';

const traffics = fc.constantFrom<Traffic>('tunnel', 'host');
const payloads = fc.uint8Array({ maxLength: 1_500 }).map((bytes) => Buffer.from(bytes));

describe('a datagram of a link', () => {
  it('comes out as it went in, where the sender made its checksum', () => {
    fc.assert(
      fc.property(traffics, payloads, (traffic, payload) => {
        const datagram = wrap(traffic, payload, false);
        expect(isLeftToNic(datagram)).to.equal(false);
        expect(trafficOf(datagram)).to.equal(traffic);
        expect(unwrap(datagram)).to.deep.equal({ traffic, payload });
      }),
    );
  });

  it('is a mismatch with TX offload until the NIC has finished the checksum, and then the same as without', () => {
    // A payload whose words come to nothing, or to what the pseudo-header comes to, makes a half-made checksum a whole one.
    const telling = payloads.filter((payload) => payload.some((byte) => byte !== 0 && byte !== 0xff));
    let right = 0;
    fc.assert(
      fc.property(traffics, telling, (traffic, payload) => {
        const datagram = wrap(traffic, payload, true);
        expect(isLeftToNic(datagram)).to.equal(true);
        if (unwrap(datagram) !== 'mismatch') right += 1;
        finishChecksum(datagram);
        expect(datagram).to.deep.equal(wrap(traffic, payload, false));
      }),
    );
    expect(right).to.be.at.most(1);
  });

  it('is a mismatch after any one bit was flipped', () => {
    const places = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(traffics, payloads, places, (traffic, payload, at) => {
        const datagram = wrap(traffic, payload, false);
        flipBit(datagram, at);
        expect(unwrap(datagram)).to.equal('mismatch');
      }),
    );
  });

  it('shows the tunnel’s message type, and is nothing where it is too short or of nobody', () => {
    expect(messageTypeOf(wrap('tunnel', Buffer.from([4, 0]), true))).to.equal(4);
    expect(messageTypeOf(wrap('tunnel', Buffer.alloc(0), true))).to.equal(undefined);
    expect(unwrap(Buffer.from([1, 0, 0]))).to.equal(undefined);
    expect(unwrap(Buffer.from([9, 0, 0, 0, 1]))).to.equal(undefined);
  });
});
