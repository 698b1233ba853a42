import { generateKeyPairSync } from 'node:crypto';

const KEY_BYTES = 32;

/** A key pair of X25519, each key as its raw bytes and the secret one also as PKCS #8 has it. */
export interface RawKeyPair {
  secret: Buffer;
  pkcs8: Buffer;
  public: Buffer;
}

/**
 * Keys leave Node in the call that makes them. `export({ format: 'jwk' })` afterwards makes objects while it holds the key's
 * lock, which Node 20 also takes to collect what made the key: where the one meets the other, the thread stands for ever.
 */
export function newKeyPair(): RawKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  // Both encodings end with the key itself (RFC 8410).
  return {
    secret: privateKey.subarray(-KEY_BYTES),
    pkcs8: privateKey,
    public: publicKey.subarray(-KEY_BYTES),
  };
}
