import { pluginStreamEnded } from '../../../faults/gpu/plugin-stream-ended.ts';
import { checkRecovery } from '../checkers/recovery.ts';
import { heldOf } from '../checkers/seen.ts';
import type { Scenario } from '../scenario.ts';

/** The plugin’s stream ends, and nothing else: whoever looks at the plugin alone sees it serve. */
export const streamDeath: Scenario = {
  id: 'G9',
  needs: ['plugin-sockets'],
  threshold: 30,
  unit: 's',
  fault: (at) => pluginStreamEnded(at.id, at, () => at.plugin('only')),
  async run(stage) {
    await stage.plugin();
    await stage.steady();
    await stage.hold(() => stage.untilBack());
  },
  check(history, target, settings) {
    const { healing, injected } = heldOf(history, 'G9');
    return checkRecovery(
      history,
      { scenario: 'G9', from: injected, to: healing, streams: 1 },
      target,
      settings,
    );
  },
};
