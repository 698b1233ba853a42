/** The simulation as the command line takes it. */
import { calibrated } from '../../simulation/calibrated.ts';
import { chosen } from '../../simulation/chosen.ts';
import { readParameters } from '../../simulation/read-parameters.ts';
import { variantsOf } from '../ablation.ts';
import { SUITE } from '../settings.ts';
import { calibrate, type Recorded } from './calibration.ts';
import { Parameters } from './parameters.ts';
import { partOf } from './plots.ts';
import { type Simulation, simulate } from './simulate.ts';
import { simulationText } from './text.ts';

const TOO_FEW = {
  seen: 'of those with the same remedies every other one is held out, and no kind of fault has three disconnects that calibrate and one held out',
  todo: 'give a folder that has six runs or more with network/offload-defect or network/partition below it',
};

export const parameters = (set: readonly string[]): Parameters => readParameters(set, Parameters);

/** @throws OrdealError (exit 3) for parameters that cannot be, or a name that no variant has. */
export function run(
  { only, runs, set }: { only: readonly string[]; runs: readonly Recorded[]; set: readonly string[] },
  progress: (line: string) => void,
) {
  const parameters = readParameters(set, Parameters);
  chosen(
    only,
    variantsOf().map(([name]) => name),
  );
  const calibration = calibrated(SUITE, runs, (ours) => calibrate(ours, parameters), TOO_FEW);
  const document: Simulation = {
    ...simulate(parameters, only, progress),
    ...(calibration && { calibration }),
  };
  return { document, text: simulationText(document), part: partOf(document) };
}
