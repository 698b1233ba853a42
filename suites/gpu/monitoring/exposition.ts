/** One sample of the Prometheus text format. */
export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Go's NaN, +Inf and -Inf among them. */
  value: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const OPEN = /[ \t]*\{/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\[\\"n])*)"[ \t]*/y;
const CLOSE = /[ \t]*\}/y;
const BLANK = /(?=[ \t])/y;
/** What Go's ParseFloat takes of decimal numbers; and a timestamp in milliseconds, which nobody here needs. */
const VALUE =
  /[ \t]*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|[+-]?inf(?:inity)?)(?:[ \t]+-?\d+)?[ \t]*$/iy;

/**
 * Reads the Prometheus text format, version 0.0.4, in which exporters answer. Strict: of an answer that is cut off or
 * garbled nothing is believed.
 * @throws Error that names the line, for one that is not of the format, and for an answer without a line feed at its end.
 */
export function parseExposition(text: string): Sample[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('it does not end with a line feed');
  return lines.flatMap((line, index) => {
    if (/^[ \t]*(#.*)?$/.test(line)) return [];
    const sample = sampleIn(line.replace(/^[ \t]+/, ''));
    if (!sample) throw new Error(`line ${index + 1} is no sample: ${line.slice(0, 120)}`);
    return [sample];
  });
}

function sampleIn(line: string): Sample | undefined {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    at += found?.[0].length ?? 0;
    return found;
  };
  const name = take(NAME)?.[0];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  if (take(OPEN)) {
    for (let label = take(LABEL); label; label = take(LABEL)) {
      const [, key = '', value = ''] = label;
      if (labels.has(key)) return undefined;
      labels.set(key, unescaped(value));
      // One may be last.
      if (line[at] !== ',') break;
      at += 1;
    }
    if (!take(CLOSE)) return undefined;
  } else if (!take(BLANK)) {
    return undefined;
  }
  const value = take(VALUE)?.[1];
  if (value === undefined) return undefined;
  return { name, labels: Object.fromEntries(labels), value: numberOf(value) };
}

/** Go takes the names of what is no finite number in any case, and prom-client writes “Nan”. */
function numberOf(text: string): number {
  return Number(text.replace(/^nan$/i, 'NaN').replace(/inf(inity)?$/i, 'Infinity'));
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
}
