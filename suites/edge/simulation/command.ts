/** The simulation as the command line takes it. */
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { variantsOf } from '../ablation.ts';
import { SUITE } from '../settings.ts';
import { type Calibration, calibrate, type Recorded } from './calibration.ts';
import type { Parameters } from './parameters.ts';
import { readParameters } from './read-parameters.ts';
import { type Simulation, simulate } from './simulate.ts';
import { simulationText } from './text.ts';

export { readParameters as parameters };

/** @throws OrdealError (exit 3) for parameters that cannot be, or a name that no variant has. */
export function run(
  { only, runs, set }: { only: readonly string[]; runs: readonly Recorded[]; set: readonly string[] },
  progress: (line: string) => void,
): { document: Simulation; text: string } {
  const parameters = readParameters(set);
  const names = variantsOf().map(([name]) => name);
  const unknown = only.filter((text) => !names.some((name) => name.includes(text)));
  if (unknown.length === 0) {
    const calibration = calibrated(runs, parameters);
    const document = { ...simulate(parameters, only, progress), ...(calibration && { calibration }) };
    return { document, text: simulationText(document) };
  }
  throw new OrdealError({
    code: 'SIMULATION_INVALID',
    exit: EXIT.usage,
    tried: `choosing the remedies ${unknown.join(', ')}`,
    seen: 'no variant has that in its name',
    todo: `give a part of one of these: ${names.join('; ')}`,
  });
}

function calibrated(runs: readonly Recorded[], parameters: Parameters): Calibration | undefined {
  if (runs.length === 0) return undefined;
  const ours = runs.filter(({ plan }) => plan.suites.some(({ name }) => name === SUITE));
  const calibration = calibrate(ours, parameters);
  if (calibration) return calibration;
  throw new OrdealError({
    code: 'CALIBRATION_IMPOSSIBLE',
    exit: EXIT.usage,
    tried: `calibrating the simulation by ${ours.length} runs of suite ${SUITE}`,
    seen: 'of those with the same remedies every other one is held out, and no kind of fault has three disconnects that calibrate and one held out',
    todo: 'give a folder that has six runs or more with network/offload-defect or network/partition below it',
  });
}
