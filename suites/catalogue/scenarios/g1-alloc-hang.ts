import { pluginHang } from '../../../faults/gpu/plugin-hang.ts';
import { checkBystander } from '../checkers/bystander.ts';
import type { Scenario } from '../scenario.ts';

const [STUCK, BYSTANDER] = ['stuck', 'bystander'];
/** How much longer than what is allowed the bystander is watched. */
const MARGIN_MS = 1_000;

/** A pod that asks for no device comes behind one whose Allocate is not answered. */
export const allocHang: Scenario = {
  id: 'G1',
  needs: ['plugin-sockets'],
  threshold: 10,
  unit: 's',
  fault: ({ id, namespace, node, resource }) =>
    pluginHang(id, { resource, call: 'Allocate', every: 1 }, { namespace, node }),
  async run(stage) {
    const { patience } = stage.settings;
    const runs = async (pod: string) => (await stage.lookAt(pod)).running;
    await stage.parts.plugin();
    await stage.steady();
    await stage.recorded();
    await stage.hold(
      async () => {
        await stage.create(STUCK, { devices: 1 });
        await stage.bitten(patience);
        stage.note('bystander.asked', { pod: BYSTANDER });
        await stage.create(BYSTANDER);
        await stage.every(stage.threshold * 1_000 + MARGIN_MS, () => runs(BYSTANDER));
        await stage.lookAt(STUCK);
      },
      { goneDeadlineMs: patience },
    );
    await stage.every(patience, async () => (await runs(STUCK)) && (await runs(BYSTANDER)));
  },
  check: (history, target) =>
    checkBystander(history, { scenario: 'G1', stuck: STUCK, bystander: BYSTANDER }, target),
};
