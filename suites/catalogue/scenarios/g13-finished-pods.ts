import { kubeletRestart } from '../../../faults/gpu/kubelet-restart.ts';
import { checkFinished } from '../checkers/finished.ts';
import type { Scenario } from '../scenario.ts';

const POD = 'finished';

/** What has succeeded with a device stays so under a kubelet that has restarted, and that knows of no device yet. */
export const finishedPods: Scenario = {
  id: 'G13',
  needs: ['plugin-sockets', 'restart-kubelet'],
  threshold: 0,
  unit: 'looks',
  fault: (at) => kubeletRestart(at.id, at, () => at.plugin('only')),
  async run(stage) {
    const look = async () => {
      await stage.lookAt(POD);
      await stage.kubelet.list();
      return false;
    };
    await stage.parts.plugin();
    await stage.steady();
    await stage.create(POD, { devices: 1, script: 'true' });
    await stage.phase(POD, 'Succeeded');
    await look();
    await stage.hold(async () => {
      await stage.bitten(stage.settings.patience);
      await stage.every(stage.settings.withheld, look);
    });
    await stage.every(stage.settings.stays, look);
  },
  check: (history, target) => checkFinished(history, 'G13', POD, target),
};
