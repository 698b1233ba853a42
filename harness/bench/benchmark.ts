/** What a file `NAME.bench.ts` exports as `benchmark`, wherever it lies: beside what it measures. */
export interface Benchmark {
  /** As the command line has it. */
  name: string;
  /** How often it is repeated; rounds of several benchmarks take turns. */
  rounds: number;
  /** Why this machine cannot hold it; undefined where it can. */
  missing(): Promise<string | undefined>;
  /** One repetition. What it starts it has ended when this settles, also where the signal aborts it. */
  round(signal: AbortSignal): Promise<Figure[]>;
}

/**
 * One figure of one round; rounds of one benchmark give figures of the same names. A round that measures several times
 * gives a figure of one name several times.
 */
export interface Figure {
  name: string;
  value: number;
  /** Empty for a plain count. */
  unit: string;
  /** The figure is to be at most this. Printed beside it, and never a reason to fail: clocks of busy machines lie. */
  goal?: number;
  /** The figure is to be at least this; the same is true of it. */
  atLeast?: number;
}
