/**
 * The tunnel's handshake: Noise_IKpsk2_25519_ChaChaPoly_SHA256, in the order of WireGuard's (whitepaper §5.4), so that
 * each session has keys of its own that nobody without both ends' secrets can make. What WireGuard has besides is left
 * out: BLAKE2s (SHA-256 stands for it), the macs and cookies against floods, the padding of packets.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import * as x25519 from '../../x25519.ts';

export const TAG_BYTES = 16;
const KEY_BYTES = 32;
const STAMP_BYTES = 8;
const INITIATION_BYTES = KEY_BYTES + KEY_BYTES + TAG_BYTES + STAMP_BYTES + TAG_BYTES;
const RESPONSE_BYTES = KEY_BYTES + TAG_BYTES;
const AEAD = 'chacha20-poly1305';

/** A key pair of an end, with the raw bytes of its public key. */
export interface KeyPair {
  secret: KeyObject;
  public: Buffer;
}

/** What both ends know before. */
export interface Identity {
  own: KeyPair;
  peer: Buffer;
  presharedKey: Buffer;
}

export interface SessionKeys {
  send: Buffer;
  receive: Buffer;
}

export function newKeyPair(): KeyPair {
  const { pkcs8, public: publicKey } = x25519.newKeyPair();
  return { secret: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }), public: publicKey };
}

export function seal(key: Buffer, counter: number, plain: Buffer, associated?: Buffer): Buffer {
  const cipher = createCipheriv(AEAD, key, nonce(counter), { authTagLength: TAG_BYTES });
  if (associated) cipher.setAAD(associated, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined for what was not sealed with this key, counter and associated data. */
export function open(key: Buffer, counter: number, sealed: Buffer, associated?: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const length = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(AEAD, key, nonce(counter), { authTagLength: TAG_BYTES });
  if (associated) decipher.setAAD(associated, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, length)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The running hash and chaining key of one handshake, equal at both ends as far as it has come. */
class Transcript {
  #chain: Buffer;
  #hash: Buffer;

  private constructor(chain: Buffer, hash: Buffer) {
    this.#chain = chain;
    this.#hash = hash;
  }

  static begin(responder: Buffer): Transcript {
    const chain = hashOf(Buffer.from('Noise_IKpsk2_25519_ChaChaPoly_SHA256'));
    const transcript = new Transcript(chain, hashOf(chain, Buffer.from('ordeal modelled tunnel')));
    transcript.absorb(responder);
    return transcript;
  }

  /** A copy: a forged response must not spoil the handshake for the true one. */
  fork(): Transcript {
    return new Transcript(this.#chain, this.#hash);
  }

  absorb(bytes: Buffer): void {
    this.#hash = hashOf(this.#hash, bytes);
  }

  ephemeral(publicKey: Buffer): void {
    [this.#chain] = derive(this.#chain, publicKey, 1) as [Buffer];
    this.absorb(publicKey);
  }

  /** Mixes a secret in; the key that comes of it seals the next part. */
  mix(secret: Buffer): Buffer {
    const [chain, key] = derive(this.#chain, secret, 2) as [Buffer, Buffer];
    this.#chain = chain;
    return key;
  }

  mixPreshared(presharedKey: Buffer): Buffer {
    const [chain, mixed, key] = derive(this.#chain, presharedKey, 3) as [Buffer, Buffer, Buffer];
    this.#chain = chain;
    this.absorb(mixed);
    return key;
  }

  seal(key: Buffer, plain: Buffer): Buffer {
    const sealed = seal(key, 0, plain, this.#hash);
    this.absorb(sealed);
    return sealed;
  }

  open(key: Buffer, sealed: Buffer): Buffer | undefined {
    const plain = open(key, 0, sealed, this.#hash);
    this.absorb(sealed);
    return plain;
  }

  /** The initiator's two keys: to send and to receive. */
  split(): [Buffer, Buffer] {
    return derive(this.#chain, Buffer.alloc(0), 2) as [Buffer, Buffer];
  }
}

/** Begins a handshake. `stamp` has to grow from one to the next: an older one is a replay. */
export function initiate(identity: Identity, stamp: number) {
  const { own, peer, presharedKey } = identity;
  const transcript = Transcript.begin(peer);
  const ephemeral = newKeyPair();
  transcript.ephemeral(ephemeral.public);
  const sealedStatic = transcript.seal(transcript.mix(shared(ephemeral.secret, peer)), own.public);
  const time = Buffer.alloc(STAMP_BYTES);
  time.writeDoubleBE(stamp);
  const sealedTime = transcript.seal(transcript.mix(shared(own.secret, peer)), time);
  return {
    message: Buffer.concat([ephemeral.public, sealedStatic, sealedTime]),
    /** The keys, where the response is the peer's own. */
    finish(response: Buffer): SessionKeys | undefined {
      if (response.length !== RESPONSE_BYTES) return undefined;
      const theirs = response.subarray(0, KEY_BYTES);
      const at = transcript.fork();
      at.ephemeral(theirs);
      at.mix(shared(ephemeral.secret, theirs));
      at.mix(shared(own.secret, theirs));
      if (!at.open(at.mixPreshared(presharedKey), response.subarray(KEY_BYTES))) return undefined;
      const [send, receive] = at.split();
      return { send, receive };
    },
  };
}

/** Answers an initiation; undefined where it is not the peer's. */
export function respond(
  identity: Identity,
  initiation: Buffer,
): { message: Buffer; keys: SessionKeys; stamp: number } | undefined {
  if (initiation.length !== INITIATION_BYTES) return undefined;
  const { own, peer, presharedKey } = identity;
  const transcript = Transcript.begin(own.public);
  const theirs = initiation.subarray(0, KEY_BYTES);
  const sealedStatic = initiation.subarray(KEY_BYTES, 2 * KEY_BYTES + TAG_BYTES);
  transcript.ephemeral(theirs);
  const claimed = transcript.open(transcript.mix(shared(own.secret, theirs)), sealedStatic);
  if (!claimed?.equals(peer)) return undefined;
  const time = transcript.open(
    transcript.mix(shared(own.secret, peer)),
    initiation.subarray(KEY_BYTES + sealedStatic.length),
  );
  if (!time) return undefined;
  const ephemeral = newKeyPair();
  transcript.ephemeral(ephemeral.public);
  transcript.mix(shared(ephemeral.secret, theirs));
  transcript.mix(shared(ephemeral.secret, peer));
  const empty = transcript.seal(transcript.mixPreshared(presharedKey), Buffer.alloc(0));
  const [receive, send] = transcript.split();
  return {
    message: Buffer.concat([ephemeral.public, empty]),
    keys: { send, receive },
    stamp: time.readDoubleBE(),
  };
}

function shared(secret: KeyObject, publicKey: Buffer): Buffer {
  const key = { kty: 'OKP', crv: 'X25519', x: publicKey.toString('base64url') };
  return diffieHellman({ privateKey: secret, publicKey: createPublicKey({ key, format: 'jwk' }) });
}

function hashOf(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Noise's HKDF. */
function derive(chain: Buffer, input: Buffer, outputs: number): Buffer[] {
  const mac = (key: Buffer, ...parts: Buffer[]) =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest();
  const secret = mac(chain, input);
  const made: Buffer[] = [];
  for (let count = 1; count <= outputs; count += 1)
    made.push(mac(secret, made.at(-1) ?? Buffer.alloc(0), Buffer.from([count])));
  return made;
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(BigInt(counter), 4);
  return bytes;
}
