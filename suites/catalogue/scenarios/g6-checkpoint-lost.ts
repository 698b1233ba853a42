import { checkpointLost } from '../../../faults/gpu/node-reboot.ts';
import { afterReboot } from './reboot.ts';

/** The kubelet comes up before its plugin, and has never heard of its resource. */
export const withoutCheckpoint = afterReboot('G6', checkpointLost);
