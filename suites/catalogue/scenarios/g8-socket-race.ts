import { kubeletSocketHidden } from '../../../faults/gpu/kubelet-socket-hidden.ts';
import { checkRecovery } from '../checkers/recovery.ts';
import { heldOf } from '../checkers/seen.ts';
import type { Scenario } from '../scenario.ts';

/** The plugin starts first, as on a node that boots; what it makes of a kubelet that comes later is its own affair. */
export const socketRace: Scenario = {
  id: 'G8',
  needs: ['plugin-sockets'],
  threshold: 30,
  unit: 's',
  fault: (at) => kubeletSocketHidden(at.id, at, at.refused),
  async run(stage) {
    await stage.hold(async () => {
      await stage.parts.plugin();
      await stage.bitten(stage.settings.patience);
    });
    await stage.untilBack();
  },
  check(history, target, settings) {
    const { healed } = heldOf(history, 'G8');
    return checkRecovery(history, { scenario: 'G8', from: healed, streams: 1 }, target, settings);
  },
};
