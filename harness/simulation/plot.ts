/** A modelled figure, and between what another draw of the model would have it; null: too little was seen to say. */
export interface Around {
  figure: number;
  lower: number;
  upper: number | null;
}

/** A figure for each of several names. */
interface RowsPlot {
  kind: 'rows';
  title: string;
  note: string;
  unit: string;
  /** Logarithmic, with a place of its own for zero. */
  log: boolean;
  rows: ({ name: string } & Around)[];
}

/** Figures over a number, a line each. */
interface LinesPlot {
  kind: 'lines';
  title: string;
  note: string;
  x: string;
  unit: string;
  log: boolean;
  lines: { name: string; points: ({ x: number } & Around)[] }[];
}

export type Plot = RowsPlot | LinesPlot;

/** What a simulation shows in pictures. */
export interface SimulationPart {
  suite: string;
  title: string;
  /** What it is, sentence by sentence. */
  notes: string[];
  plots: Plot[];
}
