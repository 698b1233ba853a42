/**
 * One line of text from anywhere, safe on a terminal: line ends become blanks; other control characters, which could
 * move the cursor or reverse the reading direction, become visible escapes.
 */
export function plainLine(text: string): string {
  return text
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
    .replace(
      /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}

/** Breaks a line at blanks, and a word longer than `width` where it must; no line is longer than `width`. */
export function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ').flatMap((word) => pieces(word, width))) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return current === '' ? lines : [...lines, current];
}

/**
 * Columns padded to their widest cell, two blanks between them, without trailing blanks. `paint` may colour a padded
 * cell: colours have no width.
 */
export function columns(
  rows: readonly (readonly string[])[],
  paint: (padded: string, row: number, column: number) => string = (padded) => padded,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row, rowIndex) =>
    row
      .map((cell, index) => paint(cell.padEnd(widths[index] ?? 0), rowIndex, index))
      .join('  ')
      .trimEnd(),
  );
}

/** Cut to `width`, with an ellipsis where something was lost. */
export function clip(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

/** Never in the middle of a character that takes two code units. */
function pieces(word: string, width: number): string[] {
  if (word.length <= width) return word === '' ? [] : [word];
  const found: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece.length + character.length > width) {
      found.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...found, piece];
}
