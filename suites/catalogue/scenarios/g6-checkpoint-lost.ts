import { CHECKPOINT_FILE, parseCheckpoint } from '../../../clusters/kubelet-api/checkpoint.ts';
import { checkpointLost } from '../../../faults/gpu/node-reboot.ts';
import { afterReboot } from './reboot.ts';

/** The kubelet comes up before its plugin, and has never heard of its resource. */
export const withoutCheckpoint = afterReboot('G6', (id, at, gpu) =>
  checkpointLost(id, at, gpu, {
    file: CHECKPOINT_FILE,
    names: (text, resource) => parseCheckpoint(text)?.registered[resource] !== undefined,
  }),
);
