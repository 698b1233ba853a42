import type { OwnGpu } from '../../../faults/gpu/own-gpu.ts';
import type { OwnPluginAt } from '../../../faults/gpu/own-plugin.ts';
import type { Fault } from '../../../faults/port.ts';
import { checkRebooted } from '../checkers/rebooted.ts';
import type { Scenario } from '../scenario.ts';
import { PROBE } from '../work.ts';

const HOLDER = 'holder';
const REPLACEMENT = 'replacement';

/**
 * A pod holds a device when its node goes down, and its policy wants it to go on; as its controller would, another one is
 * asked for while the node's plugin has not registered.
 */
export function afterReboot(
  id: string,
  fault: (id: string, at: OwnPluginAt, gpu: () => OwnGpu) => Fault,
): Scenario {
  return {
    id,
    needs: ['plugin-sockets', 'power-cycle'],
    threshold: 0,
    unit: 'looks',
    fault: (at) => fault(at.id, at, at.gpu),
    async run(stage) {
      const { patience, stays, withheld } = stage.settings;
      const look = async (...pods: string[]) => {
        for (const pod of pods) {
          await stage.lookAt(pod);
          await stage.readWork(pod);
        }
        return false;
      };
      await stage.parts.gpu();
      await stage.steady();
      await stage.recorded();
      await stage.create(HOLDER, { devices: 1, script: PROBE, restartPolicy: 'OnFailure' });
      await stage.working(HOLDER);
      const { containerId: earlier } = await stage.lookAt(HOLDER);
      const settled = async () => {
        const { containerId, phase, running } = await stage.lookAt(HOLDER);
        return phase === 'Failed' || (running && containerId !== earlier);
      };
      await stage.hold(async () => {
        await stage.bitten(patience, () => look(HOLDER));
        await stage.create(REPLACEMENT, { devices: 1, script: PROBE, nodeName: '' });
        await stage.every(withheld, () => look(HOLDER, REPLACEMENT));
        // A kubelet that is slow is not to find the plugin there: what it does with its pods it does before.
        await stage.every(patience, settled);
      });
      await stage.every(patience, async () => {
        await look(HOLDER);
        const { running } = await stage.lookAt(REPLACEMENT);
        return (await stage.readWork(REPLACEMENT)) && running;
      });
      await stage.every(stays, () => look(HOLDER, REPLACEMENT));
    },
    check: (history, target) =>
      checkRebooted(history, { scenario: id, holder: HOLDER, replacement: REPLACEMENT }, target),
  };
}
