import { type Document, Lexer, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf } from '../errors/error.ts';

export interface Mistake {
  /** `cluster.workers`; empty for the document itself. */
  path: string;
  message: string;
  line?: number;
}

/** One mistake as a person reads it; `whole` names the document where the mistake is in no field of it. */
export function mistakeLine({ path, message, line }: Mistake, whole: string): string {
  return `${path || whole}${line ? ` (line ${line})` : ''}: ${message}`;
}

/** Every issue of a zod error as a mistake below `prefix`. */
export function mistakesOf(error: z.ZodError, prefix: readonly PropertyKey[] = []): Mistake[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: pathOf([...path, key]),
        message: 'unknown; there is no such field here',
      }));
    }
    // A record tells of the key alone that it is invalid; what was expected of it is below.
    const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
    return [{ path: pathOf(path), message: inner?.message ?? issue.message }];
  });
}

/** A key that is no plain word is quoted: it may hold what a terminal obeys, or look like the end of the path. */
function pathOf(path: readonly PropertyKey[]): string {
  return path.map((key) => (/^[\w*/+@-]+$/.test(String(key)) ? String(key) : JSON.stringify(key))).join('.');
}

/** A YAML document as it was written, with the lines of its nodes. */
export interface Written {
  document: Document;
  lines: LineCounter;
}

/** The document, or what keeps the text from being one. */
export function readYaml(text: string): Written | Mistake[] {
  const deep = nestedTooDeep(text);
  if (deep) return [{ path: '', message: `expected at most ${MAX_NESTING} levels`, line: deep }];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  if (document.errors.length === 0) return { document, lines };
  return document.errors.map(({ message, pos }) => ({
    path: '',
    message: message.split('\n')[0] ?? message,
    line: lines.linePos(pos[0]).line,
  }));
}

/** What a document says, unchecked. */
export function plainOf({ document }: Written): { value: unknown } | Mistake[] {
  try {
    return { value: document.toJS() };
  } catch (error) {
    // A reference to nothing, or far more references than a person writes.
    return [{ path: '', message: messageOf(error) }];
  }
}

/** The parser takes the cube of the depth in time: three hundred question marks in a row are a minute. */
const MAX_NESTING = 64;

/** The line on which a text is nested deeper: by brackets, by indicators on one line, or by its columns. */
function nestedTooDeep(text: string): number | undefined {
  let line = 1;
  let brackets = 0;
  let here = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '\n' || token === '\r\n') {
      line += 1;
      here = 0;
    } else if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    else if (token === '-' || token === '?' || token === ':') here += 1;
    // White space is before what nests: the lexer has that of a block's text in the text.
    else if (/^ +$/.test(token) && here === 0) here = token.length / 2;
    if (brackets + here > MAX_NESTING) return line;
  }
  return undefined;
}

/** What a document holds, defaults filled in, or every mistake in it with its line. An empty one holds no field. */
export function checkYaml<Schema extends z.ZodType>(
  written: Written,
  schema: Schema,
): { held: z.output<Schema> } | Mistake[] {
  const plain = plainOf(written);
  if (Array.isArray(plain)) return plain;
  const { document, lines } = written;
  const parsed = schema.safeParse(plain.value ?? {});
  if (parsed.success) return { held: parsed.data };
  return mistakesOf(parsed.error).map((mistake) => {
    const node = document.getIn(mistake.path.split('.'), true) as Node | undefined;
    const start = node?.range?.[0];
    return start === undefined ? mistake : { ...mistake, line: lines.linePos(start).line };
  });
}
