import { rateDifference } from '../verdict/bounds.ts';

/** Of every interval of a difference. */
const CONFIDENCE = 0.95;

/** What one variant's run came to. */
export interface Counted {
  /** Its name, with what its figures must not be read without. */
  title: string;
  remedies: readonly string[];
  failures: number;
  samples: number;
}

interface Difference {
  seen: number;
  lower: number;
  upper: number;
}

/** By how much the share fell from one variant to the other; undefined where one of them counted nothing. */
function fallFrom(base: Counted | undefined, other: Counted): Difference | undefined {
  if (!base || base.samples === 0 || other.samples === 0) return undefined;
  return rateDifference(base, other, CONFIDENCE);
}

const points = (share: number) => Math.round(100 * share);

/** In points of percent, with its interval. */
function worded(difference: Difference | undefined): string {
  if (!difference) return '–';
  const { lower, seen, upper } = difference;
  return `${points(seen)} (${points(lower)} to ${points(upper)})`;
}

function having(all: readonly Counted[], ...remedies: string[]): Counted | undefined {
  return all.find(
    (each) =>
      each.remedies.length === remedies.length && remedies.every((name) => each.remedies.includes(name)),
  );
}

/**
 * A Markdown table with a row a variant: what was counted, by how many points of percent that is less than without any
 * remedy, and, of a pair, than with the better of the two alone, each with its interval at 95 % confidence.
 */
export function pairTable(all: readonly Counted[], counted: string): string {
  const none = having(all);
  const rows = all.map((each) => {
    const alone = each.remedies.length === 2 ? betterAlone(all, each) : undefined;
    return [
      each.title,
      each.samples === 0 ? '–' : `${each.failures} of ${each.samples}`,
      each === none ? '–' : worded(fallFrom(none, each)),
      alone ? worded(fallFrom(alone, each)) : '–',
    ];
  });
  const head = ['remedies', counted, 'points less than without any', 'points less than the better alone'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function betterAlone(all: readonly Counted[], { remedies }: Counted): Counted | undefined {
  const share = ({ failures, samples }: Counted) => failures / samples;
  return remedies
    .flatMap((name) => having(all, name) ?? [])
    .filter(({ samples }) => samples > 0)
    .sort((a, b) => share(a) - share(b))[0];
}

/**
 * A line for each remedy: it carries the result where the fall it brings, alone or over another, is surely one; it harms
 * where it is surely a rise; otherwise it is idle as far as was seen, with the most that it may have done alone.
 */
export function worthOf(all: readonly Counted[]): string[] {
  const names = all.flatMap(({ remedies }) => (remedies.length === 1 ? remedies : []));
  return names.map((name) => {
    const alone = fallFrom(having(all), having(all, name) as Counted);
    const over = names.flatMap((other) => {
      const pair = having(all, name, other);
      const fall = other !== name && pair ? fallFrom(having(all, other), pair) : undefined;
      return fall ? [{ other, ...fall }] : [];
    });
    const said = [
      ...(alone && alone.lower > 0 ? [`carries the result alone: ${worded(alone)} points`] : []),
      ...(alone && alone.upper < 0 ? [`does harm alone: ${worded(alone)} points`] : []),
      ...over
        .filter(({ lower }) => lower > 0)
        .map(({ other, ...fall }) => `adds to ${other}: ${worded(fall)} points`),
      ...over
        .filter(({ upper }) => upper < 0)
        .map(({ other, ...fall }) => `takes from ${other}: ${worded(fall)} points`),
    ];
    const most = alone ? `; alone at most ${points(alone.upper)} points` : '';
    return `- ${name}: ${said.length > 0 ? said.join('; ') : `idle as far as was seen${most}`}`;
  });
}
