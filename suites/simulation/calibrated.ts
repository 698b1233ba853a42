import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Plan } from '../../harness/plan/schema.ts';

/**
 * What a suite's own runs calibrate of its simulation; undefined where none were given.
 * @param short where they are too few: what was seen, and what to do
 * @throws OrdealError CALIBRATION_IMPOSSIBLE (exit 3).
 */
export function calibrated<Run extends { plan: Plan }, Calibration>(
  suite: string,
  runs: readonly Run[],
  calibrate: (ours: readonly Run[]) => Calibration | undefined,
  short: { seen: string; todo: string },
): Calibration | undefined {
  if (runs.length === 0) return undefined;
  const ours = runs.filter(({ plan }) => plan.suites.some(({ name }) => name === suite));
  const calibration = calibrate(ours);
  if (calibration) return calibration;
  throw new OrdealError({
    ...{ code: 'CALIBRATION_IMPOSSIBLE', exit: EXIT.usage },
    tried: `calibrating the simulation by ${ours.length} runs of suite ${suite}`,
    ...short,
  });
}
