import { expect } from 'chai';
import fc from 'fast-check';
import { StatusError } from '../store.ts';
import { accessReviewOf } from './protobuf.ts';

const MAGIC = Buffer.from('k8s\0');

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))];
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

/** As a client writes it: the type and the object in an envelope. */
function written(spec: Buffer): Buffer {
  const object = Buffer.concat([field(1, Buffer.alloc(0)), field(2, spec)]);
  return Buffer.concat([MAGIC, field(1, Buffer.from('type')), field(2, object)]);
}

describe('an access review in protobuf', () => {
  it('is read as its JSON would be, whatever its words', () => {
    const names = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];
    const words = fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(words, (values) => {
        const attributes = Buffer.concat(values.map((value, index) => field(index + 1, Buffer.from(value))));
        const expected = Object.fromEntries(names.map((name, index) => [name, values[index]]));
        expect(accessReviewOf(written(field(1, attributes))).spec).to.deep.equal({
          resourceAttributes: expected,
        });
      }),
    );
  });

  it('leaves out what was left empty', () => {
    const attributes = Buffer.concat([field(1, Buffer.alloc(0)), field(2, Buffer.from('get'))]);
    expect(accessReviewOf(written(field(2, attributes))).spec).to.deep.equal({
      nonResourceAttributes: { verb: 'get' },
    });
  });

  it('of any other bytes is refused with 400 or holds nothing of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, marked) => {
        try {
          accessReviewOf(marked ? Buffer.concat([MAGIC, bytes]) : Buffer.from(bytes));
        } catch (error) {
          expect(error).to.be.instanceOf(StatusError).and.to.include({ status: 400 });
        }
      }),
    );
  });
});
