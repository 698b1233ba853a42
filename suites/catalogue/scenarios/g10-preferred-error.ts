import { pluginError } from '../../../faults/gpu/plugin-error.ts';
import { checkFreed } from '../checkers/freed.ts';
import type { Scenario } from '../scenario.ts';

const [HALF, WHOLE] = ['half', 'whole'];

/** A pod is refused at its second container, when the first one has its devices; then another asks for all there are. */
export const preferredError: Scenario = {
  id: 'G10',
  needs: ['plugin-sockets'],
  threshold: 0,
  unit: 'devices',
  fault: ({ id, namespace, node, resource }) =>
    pluginError(
      id,
      { resource, call: 'GetPreferredAllocation', every: 2, atMost: 1, code: 'UNAVAILABLE' },
      { namespace, node },
    ),
  async run(stage) {
    const { devices, patience } = stage.settings;
    const settled = async (pod: string) => {
      const { phase, running } = await stage.lookAt(pod);
      return running || phase === 'Failed' || phase === 'Succeeded';
    };
    await stage.parts.plugin();
    await stage.steady();
    await stage.recorded();
    await stage.hold(
      async () => {
        await stage.create(HALF, {
          devices: 1,
          sidekick: { script: 'true', devices: [stage.resource, 1] },
        });
        await stage.every(patience, () => settled(HALF));
        await stage.bitten(patience);
        await stage.remove(HALF);
        stage.note('devices.asked', { pod: WHOLE, devices });
        await stage.create(WHOLE, { devices });
        await stage.every(patience, () => settled(WHOLE));
        await stage.remove(WHOLE);
      },
      { goneDeadlineMs: patience },
    );
  },
  check: (history, target) => checkFreed(history, { scenario: 'G10', refused: HALF, whole: WHOLE }, target),
};
