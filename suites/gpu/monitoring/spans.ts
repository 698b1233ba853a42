/** From when to when, in ms on one clock; nothing where it ends before it begins. */
export type Span = readonly [from: number, to: number];

/** What is in one of these and in one of those. */
export function common(these: readonly Span[], those: readonly Span[]): Span[] {
  return these.flatMap(([from, to]) =>
    those
      .map(([start, end]): Span => [Math.max(from, start), Math.min(to, end)])
      .filter(([start, end]) => start < end),
  );
}

/** How long they last together; what is in several counts once. */
export function lengthOf(spans: readonly Span[]): number {
  let length = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [from, to] of [...spans].sort(([a], [b]) => a - b)) {
    if (to <= until) continue;
    length += to - Math.max(from, until);
    until = to;
  }
  return length;
}

/** Indices of the first and the last of every run of those of which it is so. */
export function runsOf<T>(of: readonly T[], isSo: (each: T) => boolean): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const [index, each] of of.entries()) {
    if (!isSo(each)) continue;
    const run = runs.at(-1);
    if (run && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  return runs;
}
