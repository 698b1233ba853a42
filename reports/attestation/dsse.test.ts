import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { OrdealError } from '../../harness/errors/error.ts';
import { preAuthenticationEncoding, privateKey, publicKey, seal, unseal } from './dsse.ts';

describe('a DSSE envelope', () => {
  const pair = () => generateKeyPairSync('ed25519');
  const { privateKey: key, publicKey: open } = pair();
  const other = pair();
  const type = 'application/vnd.in-toto+json';

  it('signs the encoding that the protocol’s own example has', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(encoded.toString()).to.equal('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('gives back what was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (payload) => {
        expect(unseal(seal(type, payload, key), type, open)).to.deep.equal({ payload, problems: [] });
      }),
    );
  });

  it('tells every change of a character of its payload, type, key id and signature', () => {
    const text = seal(type, '{"result":"PASSED"}', key);
    const fields = [...text.matchAll(/: "([^"]+)"/g)].map(({ index, 1: value = '' }) => ({
      start: index + 3,
      length: value.length,
    }));
    expect(fields).to.have.length(4);
    for (const { start, length } of fields) {
      for (let at = start; at < start + length; at++) {
        const changed = text[at] === 'A' ? 'B' : 'A';
        const tampered = text.slice(0, at) + changed + text.slice(at + 1);
        expect(unseal(tampered, type, open).problems, tampered).not.to.deep.equal([]);
      }
    }
  });

  it('tells another payload, another type and another key by name', () => {
    const envelope = JSON.parse(seal(type, '{"result":"FAILED"}', key));
    const told = (fields: object, under: KeyObject = open) =>
      unseal(JSON.stringify({ ...envelope, ...fields }), type, under).problems;
    expect(told({})).to.deep.equal([]);
    expect(told({ payload: Buffer.from('{"result":"PASSED"}').toString('base64') })).to.deep.equal([
      'its signature is not of this payload',
    ]);
    expect(told({ payloadType: 'text/plain' })[0]).to.match(
      /payload type is text\/plain, and not application/,
    );
    expect(told({}, other.publicKey)[0]).to.match(/^it is signed by key \w{64}, and not by \w{64}$/);
    // Signed by another under this key's name.
    const forged = JSON.parse(seal(type, '{"result":"PASSED"}', other.privateKey));
    forged.signatures[0].keyid = envelope.signatures[0].keyid;
    expect(told(forged)).to.deep.equal(['its signature is not of this payload']);
  });

  it('that is none is told', () => {
    for (const text of ['', '{', '[]', '{"payload":"","payloadType":"x","signatures":[]}'])
      expect(unseal(text, type, open).problems[0]).to.match(/^it is no DSSE envelope/);
    const loose = JSON.stringify({
      payload: 'e30',
      payloadType: type,
      signatures: [{ keyid: '', sig: '' }],
    });
    expect(unseal(loose, type, open)).to.deep.equal({ problems: ['its payload is no base64'] });
  });

  it('takes ed25519 keys in PEM alone', () => {
    const pem = (from: KeyObject, kind: 'pkcs8' | 'spki') =>
      from.export({ type: kind, format: 'pem' }) as string;
    expect(privateKey(pem(key, 'pkcs8'), 'k').equals(key)).to.equal(true);
    expect(publicKey(pem(open, 'spki'), 'k').equals(open)).to.equal(true);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const read of [
      () => privateKey(pem(open, 'spki'), 'k'),
      () => privateKey('nonsense', 'k'),
      () => publicKey('nonsense', 'k'),
      () => privateKey(pem(rsa.privateKey, 'pkcs8'), 'k'),
      () => publicKey(pem(rsa.publicKey, 'spki'), 'k'),
    ]) {
      expect(read).to.throw(OrdealError).that.includes({ code: 'KEY_INVALID', exit: 3 });
    }
  });
});
