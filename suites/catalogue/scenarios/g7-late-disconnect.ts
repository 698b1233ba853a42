import { pluginLateDisconnect } from '../../../faults/gpu/plugin-late-disconnect.ts';
import { checkRecoveryWhileHeld } from '../checkers/recovery.ts';
import type { Scenario } from '../scenario.ts';

/** As at a rolling update that starts the new plugin before it ends the old one. */
export const lateDisconnect: Scenario = {
  id: 'G7',
  needs: ['plugin-sockets'],
  threshold: 30,
  unit: 's',
  fault: (at) =>
    pluginLateDisconnect(at.id, at, () => ({ old: at.plugin('old'), successor: at.plugin('successor') })),
  async run(stage) {
    const old = await stage.parts.plugin('old');
    await stage.steady();
    // A supervised one would go on for ever taking the resource back from its successor.
    old.withhold();
    const successor = await stage.parts.plugin('successor');
    await stage.every(stage.settings.patience, async () => successor.openStreams > 0);
    await stage.steady();
    await stage.hold(() => stage.untilBack());
  },
  check: (history, target, settings) => checkRecoveryWhileHeld(history, 'G7', target, settings),
};
