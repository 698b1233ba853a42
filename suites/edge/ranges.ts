import { z } from 'zod';

/** Whole numbers from the first to the last, both of them in it. */
export const Range = z
  .tuple([z.int().nonnegative(), z.int().nonnegative()])
  .refine(([from, to]) => from <= to, 'expected the first number not to be above the last');
export type Range = z.infer<typeof Range>;

/** Sets of whole numbers as ranges: ascending, apart, and never two that touch. */
export type Ranges = readonly Range[];

/** Any ranges, in any order and overlapping or not, as one set. */
export function union(...sets: Ranges[]): Range[] {
  const sorted = sets.flat().sort((a, b) => a[0] - b[0]);
  const result: Range[] = [];
  for (const [from, to] of sorted) {
    const last = result.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** What is in `a` and not in `b`; both must be sets, as `union` gives them. */
export function subtract(a: Ranges, b: Ranges): Range[] {
  const result: Range[] = [];
  let at = 0;
  for (const [from, to] of a) {
    let start = from;
    while (at < b.length && (b[at] as Range)[1] < start) at += 1;
    for (let next = at; next < b.length && (b[next] as Range)[0] <= to; next++) {
      const [cutFrom, cutTo] = b[next] as Range;
      if (cutFrom > start) result.push([start, cutFrom - 1]);
      start = Math.max(start, cutTo + 1);
    }
    if (start <= to) result.push([start, to]);
  }
  return result;
}

export function intersect(a: Ranges, b: Ranges): Range[] {
  return subtract(a, subtract(a, b));
}

/** How many numbers are in a set. */
export function size(set: Ranges): number {
  return set.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** A set that grows by one number at a time, mostly at its end. */
export class GrowingSet {
  #ranges: Range[] = [];

  /** Whether it was new. */
  add(number: number): boolean {
    const last = this.#ranges.at(-1);
    if (!last || number > last[1] + 1) {
      this.#ranges.push([number, number]);
      return true;
    }
    if (number === last[1] + 1) {
      last[1] = number;
      return true;
    }
    if (this.has(number)) return false;
    this.#ranges = union(this.#ranges, [[number, number]]);
    return true;
  }

  has(number: number): boolean {
    const nearest = this.#ranges.findLast(([from]) => from <= number);
    return nearest !== undefined && nearest[1] >= number;
  }

  /** What is in it; it is empty afterwards. */
  drain(): Range[] {
    const ranges = this.#ranges;
    this.#ranges = [];
    return ranges;
  }
}
