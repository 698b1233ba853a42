import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';

/** A DSSE envelope: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md */
const Envelope = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).min(1),
});

/** Signs a payload with an ed25519 key; the text of the envelope's file. */
export function seal(payloadType: string, payload: string, key: KeyObject): string {
  const bytes = Buffer.from(payload);
  const signature = sign(null, preAuthenticationEncoding(payloadType, bytes), key);
  const envelope: z.infer<typeof Envelope> = {
    payload: bytes.toString('base64'),
    payloadType,
    signatures: [{ keyid: keyId(key), sig: signature.toString('base64') }],
  };
  return `${JSON.stringify(envelope, null, 2)}\n`;
}

/** What an envelope holds, and everything that is wrong with it under a key; a payload is given if it can be read. */
export function unseal(
  text: string,
  payloadType: string,
  key: KeyObject,
): { payload?: string; problems: string[] } {
  const envelope = Envelope.safeParse(jsonOf(text));
  if (!envelope.success) {
    return { problems: [`it is no DSSE envelope: ${z.prettifyError(envelope.error).replaceAll('\n', ' ')}`] };
  }
  const { payload, signatures, payloadType: type } = envelope.data;
  const bytes = base64Of(payload);
  if (!bytes) return { problems: ['its payload is no base64'] };
  const problems: string[] = [];
  if (type !== payloadType) problems.push(`its payload type is ${type}, and not ${payloadType}`);
  const id = keyId(key);
  const own = signatures.filter(({ keyid }) => keyid === id);
  if (own.length === 0) {
    const others = signatures.map(({ keyid }) => keyid).join(', ');
    problems.push(`it is signed by key ${others}, and not by ${id}`);
  }
  const message = preAuthenticationEncoding(type, bytes);
  const good = own.some(({ sig }) => {
    const signature = base64Of(sig);
    return signature !== undefined && verify(null, message, key, signature);
  });
  if (own.length > 0 && !good) problems.push('its signature is not of this payload');
  return { payload: bytes.toString('utf8'), problems };
}

/** PAE, which is what is signed: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
export function preAuthenticationEncoding(payloadType: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** @throws OrdealError KEY_INVALID (exit 3) where it is no private ed25519 key in PEM. */
export function privateKey(pem: string, path: string): KeyObject {
  return ed25519(() => createPrivateKey(pem), path, 'openssl genpkey -algorithm ed25519 -out key.pem');
}

/** @throws OrdealError KEY_INVALID (exit 3) where it is no ed25519 key in PEM. */
export function publicKey(pem: string, path: string): KeyObject {
  return ed25519(() => createPublicKey(pem), path, 'openssl pkey -in key.pem -pubout -out pub.pem');
}

/** SHA-256 of the public key (SubjectPublicKeyInfo, DER) in hexadecimal. */
function keyId(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(open.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function ed25519(read: () => KeyObject, path: string, command: string): KeyObject {
  const invalid = (seen: string, cause?: unknown) =>
    new OrdealError({
      code: 'KEY_INVALID',
      exit: EXIT.usage,
      tried: `reading the key ${path}`,
      seen,
      todo: `give an ed25519 key in PEM without a passphrase: ${command}`,
      cause,
    });
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw invalid(`it is of type ${key.asymmetricKeyType}`);
  return key;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Node's decoder passes over what is no base64, and so would what was tampered with. */
function base64Of(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
