import { brokenDevice } from '../../../faults/gpu/broken-device.ts';
import { DEVICE_LOST } from '../../../faults/gpu/device-lost.ts';
import { checkEmployed } from '../checkers/employed.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { PROBE, WORKER } from '../work.ts';

const WITNESS = 'witness';
const WORKERS = 'worker-';
/** So many failed pods more than are allowed, and no more are made. */
const MARGIN = 2;

/** A device is lost, and free; then as many pods come as there are good ones, each of which is replaced where it fails. */
export const lostDevice: Scenario = {
  id: 'G11',
  needs: ['plugin-sockets'],
  threshold: 1,
  unit: 'pods',
  fault: (at) =>
    brokenDevice(
      at.id,
      at,
      at.gpu,
      (context) =>
        at.since(context, 'work.seen').some(({ usable, visible }) => usable.length < visible.length),
      DEVICE_LOST,
    ),
  async run(stage) {
    const { devices, patience } = stage.settings;
    await stage.parts.gpu();
    await stage.steady();
    await stage.create(WITNESS, { devices: 1, script: PROBE });
    await stage.working(WITNESS);
    await stage.hold(async () => {
      await stage.bitten(patience, () => stage.readWork(WITNESS));
      await stage.remove(WITNESS);
      await employ(stage, devices - 1);
    });
  },
  check: (history, target) => checkEmployed(history, { scenario: 'G11', workers: WORKERS }, target),
};

/** Until so many pods have a device that they can use, or too many have failed. */
async function employ(stage: Stage, workers: number): Promise<void> {
  let made = 0;
  let failed = 0;
  const next = async () => {
    const name = `${WORKERS}${made}`;
    made += 1;
    await stage.create(name, { devices: 1, script: WORKER });
    return name;
  };
  stage.note('workers.asked', { workers });
  const current: string[] = [];
  while (current.length < workers) current.push(await next());
  await stage.every(stage.settings.patience, async () => {
    let working = 0;
    for (const [slot, name] of current.entries()) {
      const { phase, running } = await stage.lookAt(name);
      if ((await stage.readWork(name)) && running) working += 1;
      if (phase !== 'Failed' || failed > stage.threshold + MARGIN) continue;
      failed += 1;
      current[slot] = await next();
    }
    return working === workers || failed > stage.threshold + MARGIN;
  });
}
