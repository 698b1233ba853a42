import type { Chance } from '../../harness/verdict/testing/simulation.ts';

/** Draws from one source of chance, each a step of it. */
export class Draw {
  readonly next: Chance;

  constructor(next: Chance) {
    this.next = next;
  }

  /** From the least to the most, both of them possible. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  of<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('there is nothing to draw from');
    return items[this.int(0, items.length - 1)] as Item;
  }
}

/** Names that Kubernetes allows, and that a careless join or a pattern would mistake for another. */
const ODD = [
  '1',
  'n',
  'gpu',
  'host',
  'tunnel',
  'w1.w1',
  '10.0.0.7',
  'a--b',
  'cloud',
  'null',
  `${'x'.repeat(60)}.y`,
];

/** So many names that are not the same, odd ones among them: one is the beginning of another. */
export function oddNames(draw: Draw, count: number): string[] {
  const stem = draw.of(ODD);
  return Array.from({ length: count }, (_, index) => (index === 0 ? stem : `${stem}${index}`));
}
