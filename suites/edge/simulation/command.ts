/** The simulation as the command line takes it. */
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { variantsOf } from '../ablation.ts';
import { readParameters } from './read-parameters.ts';
import { type Simulation, simulate } from './simulate.ts';
import { simulationText } from './text.ts';

export { readParameters as parameters };

/** @throws OrdealError (exit 3) for parameters that cannot be, or a name that no variant has. */
export function run(
  { only, set }: { only: readonly string[]; set: readonly string[] },
  progress: (line: string) => void,
): { document: Simulation; text: string } {
  const parameters = readParameters(set);
  const names = variantsOf().map(([name]) => name);
  const unknown = only.filter((text) => !names.some((name) => name.includes(text)));
  if (unknown.length === 0) {
    const document = simulate(parameters, only, progress);
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
