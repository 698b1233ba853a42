import { createCipheriv, createHash } from 'node:crypto';
import { z } from 'zod';

const Head = z.strictObject({
  step: z.int().positive(),
  /** The UID of the pod that wrote it. */
  attempt: z.string(),
  /** The step of the checkpoint that its attempt went on from; 0 for none. */
  from: z.int().nonnegative(),
  /** Of the payload. */
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});
/** What a checkpoint says of itself. */
export type Head = z.infer<typeof Head>;

/** A checkpoint as a store has it: a line of JSON that says what it is, and the payload. */
export function encode(about: Pick<Head, 'step' | 'attempt' | 'from'>, payload: Uint8Array): Buffer {
  const { attempt, from, step } = about;
  const head: Head = { step, attempt, from, bytes: payload.length, sha256: sha256(payload) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), payload]);
}

/** What a whole checkpoint says of itself, or why it is none. */
export function decode(object: Uint8Array): { head: Head } | { torn: string } {
  const end = object.indexOf(0x0a);
  const parsed = Head.safeParse(end < 0 ? undefined : safeJson(Buffer.from(object.subarray(0, end))));
  if (!parsed.success) return { torn: `its ${object.length} bytes have no head` };
  const payload = object.subarray(end + 1);
  const { bytes, sha256: hash } = parsed.data;
  if (payload.length !== bytes)
    return { torn: `${payload.length} of its payload’s ${bytes} bytes are there` };
  if (sha256(payload) !== hash) return { torn: 'its payload has another hash than its head says' };
  return { head: parsed.data };
}

function safeJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

/** Lower-case hexadecimal. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A payload that the same seed, trainer and step give again: AES’s key stream, for it is what looks like weights. */
export function payloadOf(seed: number, trainer: number, step: number, bytes: number): Buffer {
  const key = createHash('sha256').update(`${seed} ${trainer} ${step}`).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16, 32));
  return cipher.update(Buffer.alloc(bytes));
}

const DIGITS = 8;

/** The prefix under which one trainer's checkpoints are, in the order of their steps. */
export function folderOf(prefix: string, trainer: number): string {
  return `${prefix}/trainer-${trainer}/`;
}

export function keyOf(prefix: string, trainer: number, step: number): string {
  return `${folderOf(prefix, trainer)}step-${String(step).padStart(DIGITS, '0')}`;
}

/** The step of a key; undefined for one that is no checkpoint's. */
export function stepOf(key: string): number | undefined {
  const [, digits] = /\/step-(\d+)$/.exec(key) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
