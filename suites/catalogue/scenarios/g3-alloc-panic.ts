import { pluginRestartRace } from '../../../faults/gpu/plugin-restart-race.ts';
import { checkLivedOn } from '../checkers/lived-on.ts';
import type { Scenario } from '../scenario.ts';

const TIMES = 3;
/** Of an Allocate: long enough for the plugin to end in its midst. */
const ALLOCATE_MS = 300;

/** Bursts of pods, in which the plugin ends in the midst of an Allocate and is back while the others are admitted. */
export const allocPanic: Scenario = {
  id: 'G3',
  needs: ['plugin-sockets'],
  threshold: 0,
  unit: 'times',
  fault: (at) => pluginRestartRace(at.id, at, () => at.plugin('only'), TIMES),
  async run(stage) {
    const { devices, patience } = stage.settings;
    const settled = async (pod: string) => {
      const { phase, running } = await stage.lookAt(pod);
      return running || phase === 'Failed';
    };
    await stage.parts.plugin('only', { allocateMs: ALLOCATE_MS });
    await stage.steady();
    await stage.kubelet.look();
    let bursts = 0;
    const burst = async () => {
      bursts += 1;
      const pods = Array.from({ length: devices }, (_, index) => `burst-${bursts}-${index}`);
      await Promise.all(pods.map((pod) => stage.create(pod, { devices: 1 })));
      await stage.every(patience, async () => {
        await stage.kubelet.look();
        return (await Promise.all(pods.map(settled))).every(Boolean);
      });
      await Promise.all(pods.map((pod) => stage.remove(pod)));
      await stage.steady();
    };
    await stage.hold(async () => {
      await stage.bitten(patience, burst);
      await stage.kubelet.look();
    });
    await stage.every(patience, async () => (await stage.kubelet.look()).answers);
  },
  check: (history, target) => checkLivedOn(history, 'G3', target),
};
