import type { KernelPath } from '../../../clusters/network/port.ts';
import type { Part } from './mechanism.ts';
import { type NftRule, nftCounts, nftLacks, ownTable } from './nft-table.ts';

/**
 * A NAT in the NIC that has just forgotten its mapping: the tunnel's datagrams leave from another source port, and what
 * is still sent to the old one is dropped. It keeps no state, so that nothing of it outlives it.
 */
export function rebindingNat({ interfaces, nic, tunnelPort }: KernelPath, newPort: number): Part {
  const [old, fresh] = [String(tunnelPort), String(newPort)];
  const tables: { device: string; rules: NftRule[] }[] = [
    {
      device: interfaces.nicEdge,
      rules: [
        {
          name: 'from the new port',
          match: ['udp', 'sport', old, 'udp', 'dport', old],
          act: ['udp', 'sport', 'set', fresh],
        },
      ],
    },
    {
      device: interfaces.nicCloud,
      rules: [
        { name: 'to the old port', match: ['udp', 'sport', old, 'udp', 'dport', old], act: ['drop'] },
        { name: 'to the new port', match: ['udp', 'dport', fresh], act: ['udp', 'dport', 'set', old] },
      ],
    },
  ];
  return {
    name: 'nftables',
    async lacks() {
      for (const { device, rules } of tables) {
        const reason = await nftLacks({ hop: nic, device }, rules);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
    changes: tables.map(({ device, rules }) => ownTable({ hop: nic, device }, rules)),
    async touched() {
      const counts = await nftCounts({ hop: nic, device: interfaces.nicEdge });
      return { 'from the new port': counts['from the new port'] ?? 0 };
    },
  };
}
