/** Letters that cannot spell anything. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A letter for each two hexadecimal digits, as generated names and template hashes are spelled. */
export function safeLetters(hex: string): string {
  return (hex.match(/../g) ?? []).map((pair) => LETTERS[Number.parseInt(pair, 16) % LETTERS.length]).join('');
}
