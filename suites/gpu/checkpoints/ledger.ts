import { z } from 'zod';

const Saved = { step: z.int().positive(), key: z.string(), sha256: z.string() };

/** What a trainer tells: a line of JSON each on its standard output. */
const Word = z.discriminatedUnion('what', [
  /** `from`: the step that it goes on from, whose checkpoint has this hash; 0 for the beginning. `listed`: how many there were. */
  z.strictObject({
    what: z.literal('began'),
    from: z.int().nonnegative(),
    sha256: z.string().nullable(),
    listed: z.int().nonnegative(),
  }),
  /** It is about to be sent. */
  z.strictObject({ what: z.literal('putting'), ...Saved }),
  /** The store has said that it has it. */
  z.strictObject({ what: z.literal('acknowledged'), ...Saved }),
  /** A checkpoint that the store has and that cannot be gone on from. */
  z.strictObject({ what: z.literal('refused'), key: z.string(), reason: z.string() }),
  /** It can't go on; the Job makes another attempt. */
  z.strictObject({ what: z.literal('failed'), reason: z.string() }),
  /** All steps are done. */
  z.strictObject({ what: z.literal('finished'), step: z.int().positive() }),
]);
export type Word = z.infer<typeof Word>;

const Line = z.object({
  ordeal: z.literal('checkpoint'),
  trainer: z.int().nonnegative(),
  /** The pod's UID. */
  attempt: z.string(),
  /** 0, 1, 2 … of the attempt: a line that is missing shows. */
  n: z.int().nonnegative(),
  word: Word,
});
export type Line = z.infer<typeof Line>;

/** A line of a trainer's log; undefined for what is not of its ledger. */
export function readLine(text: string): Line | undefined {
  try {
    return Line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Where a trainer's words go, numbered. */
export function ledgerOf(
  trainer: number,
  attempt: string,
  write: (line: string) => void,
): (word: Word) => void {
  let n = 0;
  return (word) => {
    const line: Line = { ordeal: 'checkpoint', trainer, attempt, n, word };
    n += 1;
    write(JSON.stringify(line));
  };
}
