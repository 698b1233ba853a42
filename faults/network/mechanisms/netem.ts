import type { KernelPath } from '../../../clusters/network/port.ts';
import { csumErrorsAt } from '../csum-errors.ts';
import { lanesOf } from '../lanes.ts';
import type { ImpairmentSpec } from '../spec.ts';
import { tcLacks } from '../tc/probe.ts';
import { qdiscOf } from '../tc/state.ts';
import type { Part } from './mechanism.ts';
import { handleFor, qdiscFor } from './qdisc-for.ts';

/** Everything but a limit of size, as datagrams leave the NIC. */
export function netem(path: KernelPath, spec: ImpairmentSpec): Part {
  const { direction, match } = spec;
  const lanes = lanesOf(path, direction);
  // netem has no counter for what it corrupted: the evidence is the far end's.
  const receivers = lanes.map(({ receiver }) => receiver);
  let before = 0;
  return {
    name: 'tc netem',
    lacks: async () =>
      (await tcLacks(path.nic, 'netem')) ?? (match === 'all' ? undefined : await tcLacks(path.nic, 'htb')),
    changes: lanes.map(({ out }) => qdiscFor(out, match, path.tunnelPort, { kind: 'netem', ...spec })),
    async baseline() {
      if (spec.corrupt > 0) before = await csumErrorsAt(receivers);
    },
    async touched() {
      const total = { packets: 0, drops: 0 };
      for (const { out } of lanes) {
        const own = await qdiscOf(out, handleFor(match));
        total.packets += own?.packets ?? 0;
        total.drops += own?.drops ?? 0;
      }
      return {
        'through netem': total.packets + total.drops,
        ...(spec.loss > 0 && { lost: total.drops }),
        ...(spec.corrupt > 0 && {
          'checksum errors at the receiver': (await csumErrorsAt(receivers)) - before,
        }),
      };
    },
  };
}
