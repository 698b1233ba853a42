import type { KernelPath } from '../../../clusters/network/port.ts';
import { type Lane, lanesOf } from '../lanes.ts';
import type { ImpairmentSpec } from '../spec.ts';
import { addBpfFilter } from '../tc/arguments.ts';
import { OWN_NUMBER, ownClsact } from '../tc/own.ts';
import { tcLacks } from '../tc/probe.ts';
import { qdiscsOf } from '../tc/state.ts';
import { dropProgram } from './bpf-program.ts';
import type { Part } from './mechanism.ts';

/** Drops in the NIC. A corrupted datagram is dropped too: to its receiver that is the same, but nobody counts it. */
export function classicBpf(path: KernelPath, spec: ImpairmentSpec): Part {
  const { match } = spec;
  const { tunnelPort } = path;
  const programs = [
    ...[spec.loss, spec.corrupt].filter((share) => share > 0).map((share) => ({ share, maxBytes: 0 })),
    ...(spec.maxBytes > 0 ? [{ share: 100, maxBytes: spec.maxBytes }] : []),
  ].map((wanted) => dropProgram({ ...wanted, match, tunnelPort }));
  const lanes = lanesOf(path, spec.direction).map((lane, index) => ({ lane, block: OWN_NUMBER + index }));
  return {
    name: spec.corrupt > 0 ? 'classic BPF (corruption as loss)' : 'classic BPF',
    lacks: () => tcLacks(path.nic, 'classic BPF'),
    changes: lanes.map(({ lane, block }) =>
      ownClsact(
        lane.in,
        block,
        programs.map((program, index) => addBpfFilter({ block }, OWN_NUMBER + index, program)),
      ),
    ),
    async touched() {
      let dropped = 0;
      for (const { lane, block } of lanes) dropped += await dropsOf(lane, block);
      return { dropped };
    },
  };
}

async function dropsOf(lane: Lane, block: number): Promise<number> {
  const own = (await qdiscsOf(lane.in)).find(({ ingress_block }) => ingress_block === block);
  return own?.drops ?? 0;
}
