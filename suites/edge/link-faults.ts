import { ChecksumCorruptionWith, checksumCorruption } from '../../faults/network/checksum-corruption.ts';
import { InterferenceWith, interference } from '../../faults/network/interference.ts';
import { MtuBlackholeWith, mtuBlackhole } from '../../faults/network/mtu-blackhole.ts';
import { NatRebindWith, natRebind } from '../../faults/network/nat-rebind.ts';
import { NetemWith, netem } from '../../faults/network/netem.ts';
import { OffloadDefectWith, offloadDefect } from '../../faults/network/offload-defect.ts';
import { ownPartition, PartitionWith, partition } from '../../faults/network/partition.ts';
import { TunnelRestartWith, tunnelRestart } from '../../faults/network/tunnel-restart.ts';
import { type LinkFaultKinds, linkFault } from './faults.ts';

const HOLD_MS = 10_000;
const touchesHost = ({ match }: { match: string }) => match === 'all';

/** The faults of links that a plan may name, as this suite holds them. */
export const LINK_FAULTS: LinkFaultKinds = {
  'network/offload-defect': linkFault({
    schema: OffloadDefectWith,
    holdMs: HOLD_MS,
    // Whether it cuts is up to the offload's setting: that is the remedy.
    cuts: false,
    host: touchesHost,
    make: offloadDefect,
  }),
  'network/partition': linkFault({
    schema: PartitionWith,
    holdMs: HOLD_MS,
    cuts: true,
    host: touchesHost,
    make: partition,
    makeOnFound: ownPartition,
  }),
  'network/tunnel-restart': linkFault({
    schema: TunnelRestartWith,
    holdMs: 1_000,
    cuts: true,
    host: () => false,
    make: tunnelRestart,
  }),
  'network/checksum-corruption': linkFault({
    schema: ChecksumCorruptionWith,
    holdMs: HOLD_MS,
    cuts: false,
    host: touchesHost,
    make: checksumCorruption,
  }),
  'network/netem': linkFault({
    schema: NetemWith,
    holdMs: HOLD_MS,
    cuts: false,
    host: touchesHost,
    make: netem,
  }),
  'network/nat-rebind': linkFault({
    schema: NatRebindWith,
    holdMs: HOLD_MS,
    cuts: false,
    host: () => false,
    make: natRebind,
  }),
  'network/mtu-blackhole': linkFault({
    schema: MtuBlackholeWith,
    holdMs: HOLD_MS,
    cuts: false,
    host: touchesHost,
    make: mtuBlackhole,
  }),
  'network/interference': linkFault({
    schema: InterferenceWith,
    holdMs: 20_000,
    cuts: false,
    drawn: true,
    host: () => true,
    make: (id, wanted, link) =>
      interference(id, wanted, (window, { corrupt, delayMs, jitterMs, loss }) =>
        netem(window, NetemWith.parse({ corrupt, delay: delayMs, jitter: jitterMs, loss }), link),
      ),
  }),
};
