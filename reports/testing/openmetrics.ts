/** A strict reader of the OpenMetrics text format, as far as gauges and counters without timestamps go. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

/** @throws Error for a line that is not of the format, for a sample out of its family, and where the end is missing. */
export function parseOpenMetrics(text: string): Family[] {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.pop() !== '# EOF')
    throw new Error('it does not end with # EOF and a line feed');
  const families = new Map<string, Family>();
  let current: Family | undefined;
  for (const line of lines) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (families.has(name)) throw new Error(`a second family ${name}`);
      current = { name, help: rest, type: '', samples: [] };
      families.set(name, current);
    } else if (keyword === 'TYPE' && current?.name === name) {
      current.type = rest;
    } else {
      const sample = sampleIn(line);
      const own = current?.type === 'counter' ? `${current.name}_total` : current?.name;
      if (sample?.name !== own) throw new Error(`out of its family, or no sample: ${line}`);
      current?.samples.push(sample as Sample);
    }
  }
  return [...families.values()];
}

/** All samples, by the name under which they are queried. */
export function samplesIn(text: string): Sample[] {
  return parseOpenMetrics(text).flatMap(({ samples }) => samples);
}

/** The value of the only sample of that name with those labels among its own; undefined where there is none. */
export function reading(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const found = samplesIn(text).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
  return found[0]?.value;
}

function sampleIn(line: string): Sample | undefined {
  const [, name, labels, value] = /^([a-z_]+)\{(.*)\} (-?[\d.]+(?:e[+-]?\d+)?)$/su.exec(line) ?? [];
  if (name === undefined || labels === undefined) return undefined;
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/gsu)];
  if (pairs.map(([pair]) => pair).join('') !== labels) return undefined;
  const unescaped = (text = '') => text.replaceAll(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label, text]) => [label as string, unescaped(text)])),
    value: Number(value),
  };
}
