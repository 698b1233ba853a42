import { pluginStreamEnded } from '../../../faults/gpu/plugin-stream-ended.ts';
import { checkRecoveryWhileHeld } from '../checkers/recovery.ts';
import type { Scenario } from '../scenario.ts';

/** The plugin’s stream ends, and nothing else: whoever looks at the plugin alone sees it serve. */
export const streamDeath: Scenario = {
  id: 'G9',
  needs: ['plugin-sockets'],
  threshold: 30,
  unit: 's',
  fault: (at) => pluginStreamEnded(at.id, at, () => at.plugin('only')),
  async run(stage) {
    await stage.parts.plugin();
    await stage.steady();
    await stage.hold(() => stage.untilBack());
  },
  check: (history, target, settings) => checkRecoveryWhileHeld(history, 'G9', target, settings),
};
