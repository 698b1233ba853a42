import { brokenDevice } from '../../../faults/gpu/broken-device.ts';
import { deviceWorkless } from '../../../faults/gpu/device-workless.ts';
import { checkGate } from '../checkers/gate.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { WORK_ON_FIRST, workOnEvery } from '../work.ts';

const ASKED = 3;

/** A device is listed and does no work; then the gate is asked whether the node is ready. */
export const falseReady: Scenario = {
  id: 'G16',
  needs: ['plugin-sockets'],
  threshold: 0,
  unit: 'answers',
  fault: (at) =>
    brokenDevice(
      at.id,
      at,
      at.gpu,
      (context) => at.since(context, 'work.done').some(({ listed, worked }) => worked.length < listed.length),
      deviceWorkless(at.devices),
    ),
  async run(stage) {
    const { devices, patience } = stage.settings;
    await stage.parts.gpu();
    await stage.steady();
    await finish(stage, 'before', workOnEvery(devices));
    await stage.hold(async () => {
      await finish(stage, 'witness', workOnEvery(devices));
      await stage.bitten(patience);
      for (let time = 0; time < ASKED; time += 1) await ask(stage, `held-${time}`);
    });
    let time = 0;
    await stage.every(patience, () => ask(stage, `after-${time++}`));
  },
  check: (history, target) => checkGate(history, 'G16', target),
};

/** Whether the gate, as the remedies have it, lets work onto the node. */
async function ask(stage: Stage, name: string): Promise<boolean> {
  const { gate } = stage.remedies;
  const { devices } = stage.settings;
  if (gate === 'capacity') {
    const { allocatable } = await stage.look();
    const ready = allocatable === devices;
    stage.note('gate.said', { ready, detail: `${allocatable} of ${devices} allocatable` });
    return ready;
  }
  const ready = await finish(stage, name, gate === 'first' ? WORK_ON_FIRST : workOnEvery(devices));
  stage.note('gate.said', { ready, detail: `work on ${gate} GPU ${ready ? 'was done' : 'was not done'}` });
  return ready;
}

/** Whether a pod of all devices succeeds with the script. */
async function finish(stage: Stage, name: string, script: string): Promise<boolean> {
  let phase = '';
  await stage.create(name, { devices: stage.settings.devices, script });
  await stage.every(stage.settings.patience, async () => {
    ({ phase } = await stage.lookAt(name));
    return phase === 'Succeeded' || phase === 'Failed';
  });
  await stage.readWork(name);
  await stage.remove(name);
  return phase === 'Succeeded';
}
