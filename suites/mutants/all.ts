import { inputMutants } from './inputs.ts';
import type { Mutant } from './mutant.ts';
import { plantMutants } from './plants.ts';
import { runMutants } from './runs.ts';
import { writtenMutants } from './written.ts';

/** The bench: from parts that are really broken to records that tell of them, or fail to. */
export const allMutants: readonly Mutant[] = [
  ...runMutants,
  ...plantMutants,
  ...writtenMutants,
  ...inputMutants,
];
