import { nodeReboot } from '../../../faults/gpu/node-reboot.ts';
import { afterReboot } from './reboot.ts';

/** The kubelet comes up with its checkpoint, and before its plugin. */
export const rebooted = afterReboot('G5', nodeReboot);
