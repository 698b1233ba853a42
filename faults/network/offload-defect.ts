import { z } from 'zod';
import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { checksumEngine } from './mechanisms/checksum-engine.ts';
import { kernelMechanism } from './mechanisms/mechanism.ts';
import { relay } from './mechanisms/relay.ts';
import { networkFault } from './network-fault.ts';
import { spec } from './spec.ts';

/** What of the link the broken NIC sends with checksums half made: the tunnel's datagrams, its handshakes alone, all. */
export const OffloadDefectWith = z.strictObject({
  match: z.enum(['tunnel', 'handshake', 'all']).default('tunnel'),
});
export type OffloadDefectWith = z.infer<typeof OffloadDefectWith>;

/**
 * `network/offload-defect`: the NIC's TX checksum offload is broken towards the cloud. It bites where a datagram went
 * through it; whether that hurts is up to the edge's offload setting.
 */
export function offloadDefect(
  id: string,
  wanted: OffloadDefectWith,
  link: Pick<EdgeLink, 'node' | 'path'>,
): Fault {
  const { match } = wanted;
  const { path } = link;
  const asked = spec({ offloadDefect: true, direction: 'to-cloud', match });
  return networkFault(id, 'network/offload-defect', link, wanted, [
    path.kind === 'relay' ? relay(path, id, asked) : kernelMechanism([checksumEngine(path, match)]),
  ]);
}
