/** The simulation as the command line takes it. */
import { calibrated } from '../../simulation/calibrated.ts';
import { chosen } from '../../simulation/chosen.ts';
import { readParameters } from '../../simulation/read-parameters.ts';
import { variantsOf } from '../ablation.ts';
import { SUITE } from '../settings.ts';
import { type Calibration, calibrate, observed, type Recorded } from './calibration.ts';
import { Parameters } from './parameters.ts';
import { partOf } from './plots.ts';
import { type Simulation, simulate } from './simulate.ts';
import { simulationText } from './text.ts';

const TOO_FEW = {
  seen: 'of the runs without a wait and an init gate every other one of the same remedies calibrates: fewer than two did, or none was held out',
  todo: 'give a folder that has four runs or more of profile incident below it',
};

export const parameters = (set: readonly string[]): Parameters => readParameters(set, Parameters);

/** @throws OrdealError (exit 3) for parameters that cannot be, or a name that no variant has. */
export function run(
  { only, runs, set }: { only: readonly string[]; runs: readonly Recorded[]; set: readonly string[] },
  progress: (line: string) => void,
) {
  const asked = readParameters(set, Parameters);
  chosen(
    only,
    variantsOf(asked.gpusPerNode).map(([name]) => name),
  );
  const calibration = calibrated(SUITE, runs, (ours) => calibrate(observed(ours), asked), TOO_FEW);
  // What was asked for goes before what was seen, and that before the defaults.
  const used = calibration ? readParameters([...fitted(calibration), ...set], Parameters) : asked;
  const document: Simulation = { ...simulate(used, only, progress), ...(calibration && { calibration }) };
  return { document, text: simulationText(document), part: partOf(document) };
}

function fitted({ fit: { admission, late, start } }: Calibration): string[] {
  const written = { 'kubelet.admission': admission, 'kubelet.start': start, 'driver.late': late };
  return Object.entries(written).flatMap(([path, { p50, p95 }]) => [
    `${path}.p50=${p50.toFixed(1)}`,
    `${path}.p95=${p95.toFixed(1)}`,
  ]);
}
