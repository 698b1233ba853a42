import { pluginAndContainerRestart } from '../../../faults/gpu/plugin-and-container-restart.ts';
import { checkAssignment } from '../checkers/assignment.ts';
import type { Scenario } from '../scenario.ts';
import { PROBE, RESTART, RESTARTED } from '../work.ts';

const HOLDER = 'holder';
const OTHERS = 'other-';

/** The plugin starts anew, then the container of one device does; then others ask for as many devices as there are. */
export const idChurn: Scenario = {
  id: 'G14',
  needs: ['plugin-sockets'],
  threshold: 0,
  unit: 'devices',
  fault: (at) =>
    pluginAndContainerRestart(
      at.id,
      at,
      at.gpu,
      () => at.tellContainers(RESTART),
      (context) => Math.max(0, ...at.since(context, 'pod.looked').map(({ restarts }) => restarts)),
    ),
  async run(stage) {
    const { devices, patience } = stage.settings;
    const look = async (pod: string) => {
      const { phase, running } = await stage.lookAt(pod);
      const works = await stage.readWork(pod);
      return phase === 'Failed' || (running && works);
    };
    const others = Array.from({ length: devices }, (_, index) => `${OTHERS}${index}`);
    const lookAtAll = async () => {
      const settled: boolean[] = [];
      for (const pod of [HOLDER, ...others]) settled.push(await look(pod));
      return settled.every(Boolean);
    };
    await stage.parts.gpu();
    await stage.steady();
    await stage.create(HOLDER, { devices: 1, script: RESTARTED, restartPolicy: 'Always' });
    await stage.working(HOLDER);
    await stage.hold(async () => {
      await stage.bitten(patience, () => look(HOLDER));
      await stage.steady();
      for (const pod of others) await stage.create(pod, { devices: 1, script: PROBE });
      await stage.every(patience, lookAtAll);
      // Once more, now that all have theirs.
      await lookAtAll();
    });
  },
  check: (history, target, { devices }) =>
    checkAssignment(history, { scenario: 'G14', holder: HOLDER, others: OTHERS }, target, devices),
};
