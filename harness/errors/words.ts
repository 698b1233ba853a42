const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** A time that a policy allows, in the largest unit that it is a whole number of: `7 days`, `36 hours`, `0.5 seconds`. */
export function age(ms: number): string {
  const [unit, size] = units.find(([, size]) => ms > 0 && ms % size === 0) ?? (['second', 1_000] as const);
  return counted(ms / size, unit);
}

/** `1 run`, `2 runs`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

const NAMED = 4;

/** `a, b`; of more than four the first four and how many more: a thousand names are no message. */
export function few(names: readonly string[], between = ', '): string {
  const rest = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(between)}${rest}`;
}
