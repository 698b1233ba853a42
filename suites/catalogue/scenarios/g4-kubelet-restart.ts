import { kubeletRestart } from '../../../faults/gpu/kubelet-restart.ts';
import { checkSurvival } from '../checkers/survival.ts';
import type { Scenario } from '../scenario.ts';

const PODS = ['first', 'second'];

/** Pods that hold devices go on under a kubelet that knows of no device yet. */
export const kubeletRestarted: Scenario = {
  id: 'G4',
  needs: ['plugin-sockets', 'restart-kubelet'],
  threshold: 0,
  unit: 'pods',
  fault: (at) => kubeletRestart(at.id, at, () => at.plugin('only')),
  async run(stage) {
    const lookAtAll = async () => {
      for (const pod of PODS) await stage.lookAt(pod);
      return false;
    };
    await stage.parts.plugin();
    await stage.steady();
    for (const pod of PODS) await stage.create(pod, { devices: 1 });
    for (const pod of PODS) await stage.running(pod);
    await lookAtAll();
    await stage.hold(async () => {
      await stage.bitten(stage.settings.patience);
      await stage.every(stage.settings.withheld, lookAtAll);
    });
    await stage.every(stage.settings.stays, lookAtAll);
  },
  check: (history, target) => checkSurvival(history, 'G4', PODS, target),
};
