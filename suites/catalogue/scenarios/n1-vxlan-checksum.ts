import { offloadDefect } from '../../../faults/network/offload-defect.ts';
import { checkConnected } from '../checkers/connected.ts';
import type { Scenario } from '../scenario.ts';

/** How much longer than is allowed it is held. */
const MARGIN_MS = 2_000;

/** A vxlan over a NIC that leaves the outer checksums as it is handed them: half made, where its offload is on. */
export const vxlanChecksum: Scenario = {
  id: 'N1',
  needs: [],
  threshold: 10,
  unit: 's',
  fault: (at) => offloadDefect(at.id, { match: 'tunnel' }, at.below()),
  async run(stage) {
    const overlay = await stage.parts.overlay();
    const look = async () => {
      stage.note('overlay.looked', await overlay.look());
      return false;
    };
    await look();
    await stage.hold(async () => {
      await stage.bitten(stage.settings.patience, look);
      await stage.every(1_000 * stage.threshold + MARGIN_MS, look);
    });
    await stage.every(stage.settings.stays, look);
  },
  check: (history, target) => checkConnected(history, 'N1', target),
};
