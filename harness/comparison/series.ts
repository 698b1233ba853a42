/** Bad ones among so many that could be. */
export interface Trials {
  bad: number;
  of: number;
}

/**
 * What lies behind one figure of a requirement in one run, for a comparison with other runs: harness and statistics need
 * not know what it is a figure of. The higher it is the worse, always.
 *
 * Samples that share their luck (the containers of one burst on one node, the messages of one link) are one block.
 */
export type Series = {
  /** Id of the requirement. */
  requirement: string;
  /** What it is, as a row of a table names it; unique within the requirement. */
  name: string;
  unit: string;
  /** A difference that does not matter, in `unit`, above 0, unless the plan or the command line gives another. */
  margin: number;
} & (
  | {
      /** A rate of trials, in percent. */
      kind: 'trials';
      /** Each trial has a luck of its own, whatever its block. */
      independent: boolean;
      blocks: readonly Trials[];
    }
  | {
      /** Latencies and gaps, of which the nearest-rank quantile is compared. */
      kind: 'values';
      quantile: number;
      blocks: readonly (readonly number[])[];
    }
  | {
      /** What comes at its own times, so many in an exposure; the figure is per unit of it. */
      kind: 'events';
      events: number;
      exposure: number;
    }
);

export type SeriesOf<Kind extends Series['kind']> = Extract<Series, { kind: Kind }>;
