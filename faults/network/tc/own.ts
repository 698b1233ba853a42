/** What is ours in a kernel's traffic control, known by numbers that nobody else has; and what is in its way. */
import { type Change, change } from '../change.ts';
import type { Port } from '../lanes.ts';
import { addClsact, addQdisc, type QdiscSpec } from './arguments.ts';
import { qdiscsOf } from './state.ts';

/** `OR`, in hexadecimal as tc writes handles. */
export const OWN_HANDLE = '4f52:';
/** A qdisc below ours. */
export const OWN_LEAF = '4f53:';
/** Number of our filter block and preference of our filters: 0x4f52. */
export const OWN_NUMBER = 0x4f52;

/** Our qdisc at a device's root, with what hangs below it. */
export function ownRoot(port: Port, spec: QdiscSpec, below: readonly (readonly string[])[] = []): Change {
  const { hop, device } = port;
  return change({
    what: `qdisc ${OWN_HANDLE} (${spec.kind}) on ${device} of ${hop.name}`,
    hop,
    device,
    make: [addQdisc(device, 'root', OWN_HANDLE, spec), ...below],
    look: ['tc', '-j', 'qdisc', 'show', 'dev', device],
    mark: `"handle":"${OWN_HANDLE}"`,
    undo: ['tc', 'qdisc', 'del', 'dev', device, 'root', 'handle', OWN_HANDLE],
    inTheWay: async () => {
      // The kernel's own default has the handle 0.
      const other = (await qdiscsOf(port)).find(({ handle, root }) => root && handle !== '0:');
      return other && `a qdisc ${other.kind} ${other.handle} is at the root of ${device} of ${hop.name}`;
    },
  });
}

/** Our clsact at a device, with our filters of what comes in. Another block for each device of a hop. */
export function ownClsact(port: Port, block: number, filters: readonly (readonly string[])[]): Change {
  const { hop, device } = port;
  return change({
    what: `clsact with block ${block} on ${device} of ${hop.name}`,
    hop,
    device,
    make: [addClsact(device, block), ...filters],
    look: ['tc', '-j', 'qdisc', 'show', 'dev', device],
    mark: `"ingress_block":${block}`,
    undo: ['tc', 'qdisc', 'del', 'dev', device, 'clsact'],
    inTheWay: async () => {
      // A device has room for one of them, whichever of the two it is.
      const other = (await qdiscsOf(port)).find(({ kind }) => kind === 'clsact' || kind === 'ingress');
      return other && `a qdisc ${other.kind} is on ${device} of ${hop.name}`;
    },
  });
}
