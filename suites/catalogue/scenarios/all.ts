import type { Scenario } from '../scenario.ts';
import { allocHang } from './g1-alloc-hang.ts';
import { allocPanic } from './g3-alloc-panic.ts';
import { kubeletRestarted } from './g4-kubelet-restart.ts';
import { rebooted } from './g5-node-reboot.ts';
import { withoutCheckpoint } from './g6-checkpoint-lost.ts';
import { lateDisconnect } from './g7-late-disconnect.ts';
import { socketRace } from './g8-socket-race.ts';
import { streamDeath } from './g9-stream-death.ts';
import { preferredError } from './g10-preferred-error.ts';
import { lostDevice } from './g11-lost-device.ts';
import { runtimeLoss } from './g12-runtime-loss.ts';
import { finishedPods } from './g13-finished-pods.ts';
import { idChurn } from './g14-id-churn.ts';
import { claims } from './g15-claims.ts';
import { falseReady } from './g16-false-ready.ts';
import { vxlanChecksum } from './n1-vxlan-checksum.ts';

/** Every row that is a scenario, in the catalogue’s order. */
export const SCENARIOS: readonly Scenario[] = [
  allocHang,
  allocPanic,
  kubeletRestarted,
  rebooted,
  withoutCheckpoint,
  lateDisconnect,
  socketRace,
  streamDeath,
  preferredError,
  lostDevice,
  runtimeLoss,
  finishedPods,
  idChurn,
  claims,
  falseReady,
  vxlanChecksum,
];

/** @throws RangeError for a row that is none. */
export function scenarioOf(id: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.id === id);
  if (!scenario) throw new RangeError(`there is no scenario ${id}`);
  return scenario;
}
