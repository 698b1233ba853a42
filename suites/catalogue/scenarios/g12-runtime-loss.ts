import { runtimeReload } from '../../../faults/gpu/runtime-reload.ts';
import { checkKept } from '../checkers/kept.ts';
import type { Scenario } from '../scenario.ts';
import { PROBE } from '../work.ts';

const POD = 'training';

/** A container has its devices and uses them; then the runtime applies its rules anew, which is no business of the container's. */
export const runtimeLoss: Scenario = {
  id: 'G12',
  needs: ['plugin-sockets'],
  threshold: 0,
  unit: 'looks',
  fault: (at) => runtimeReload(at.id, at, at.gpu),
  async run(stage) {
    const look = async () => {
      await stage.lookAt(POD);
      await stage.readWork(POD);
      return false;
    };
    await stage.parts.gpu();
    await stage.steady();
    await stage.create(POD, { devices: 2, script: PROBE });
    await stage.working(POD);
    await stage.hold(async () => {
      await stage.bitten(stage.settings.patience, look);
      await stage.follow(POD, stage.settings.withheld);
    });
    await stage.follow(POD, stage.settings.stays);
  },
  check: (history, target) => checkKept(history, 'G12', POD, target),
};
