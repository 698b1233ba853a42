import { type Document, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

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
        path: [...path, key].join('.'),
        message: 'unknown; there is no such field here',
      }));
    }
    // A record tells of the key alone that it is invalid; what was expected of it is below.
    const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
    return [{ path: path.join('.'), message: inner?.message ?? issue.message }];
  });
}

/** A YAML document as it was written, with the lines of its nodes. */
export interface Written {
  document: Document;
  lines: LineCounter;
}

/** The document, or what keeps the text from being one. */
export function readYaml(text: string): Written | Mistake[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length === 0) return { document, lines };
  return document.errors.map(({ message, pos }) => ({
    path: '',
    message: message.split('\n')[0] ?? message,
    line: lines.linePos(pos[0]).line,
  }));
}

/** What a document holds, defaults filled in, or every mistake in it with its line. An empty one holds no field. */
export function checkYaml<Schema extends z.ZodType>(
  { document, lines }: Written,
  schema: Schema,
): { held: z.output<Schema> } | Mistake[] {
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { held: parsed.data };
  return mistakesOf(parsed.error).map((mistake) => {
    const node = document.getIn(mistake.path.split('.'), true) as Node | undefined;
    const start = node?.range?.[0];
    return start === undefined ? mistake : { ...mistake, line: lines.linePos(start).line };
  });
}
