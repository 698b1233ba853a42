import type { KernelPath } from '../../../clusters/network/port.ts';
import type { Lane, Match, Port } from '../lanes.ts';
import { lanesOf } from '../lanes.ts';
import type { ImpairmentSpec } from '../spec.ts';
import type { Part } from './mechanism.ts';
import { type NftRule, nftCounts, nftLacks, ownTable } from './nft-table.ts';

/** Shares are taken of this many. */
const WHOLE = 10_000;
/** A checksum that is wrong, but for one datagram in 65,536. */
const WRONG = '0xbeef';

interface Table {
  port: Port;
  rules: NftRule[];
}

/** Drops, doubles and corrupts what comes in at devices; it cannot delay. */
export function nftables(path: KernelPath, spec: ImpairmentSpec): Part {
  const lanes = lanesOf(path, spec.direction);
  const tables = lanes.flatMap((lane) => tablesOf(lane, path.tunnelPort, spec));
  return {
    name: 'nftables',
    async lacks() {
      for (const { port, rules } of tables) {
        const reason = await nftLacks(port, rules);
        if (reason !== undefined) return reason;
      }
      return spec.corrupt > 0 ? await halfMade(lanes) : undefined;
    },
    changes: tables.map(({ port, rules }) => ownTable(port, rules)),
    async touched() {
      const total: Record<string, number> = {};
      for (const { port } of tables) {
        for (const [name, count] of Object.entries(await nftCounts(port))) {
          total[name] = (total[name] ?? 0) + count;
        }
      }
      return total;
    },
  };
}

/** A checksum is corrupted where its datagram arrives: behind the NIC, which would make it good again. */
function tablesOf({ in: from, out, receiver }: Lane, tunnelPort: number, spec: ImpairmentSpec): Table[] {
  const take = (share: number) => [...matchWords(spec.match, tunnelPort), ...shareWords(share)];
  const inNic: NftRule[] = [];
  if (spec.loss > 0) inNic.push({ name: 'lost', match: take(spec.loss), act: ['drop'] });
  if (spec.maxBytes > 0) {
    const match = [...matchWords(spec.match, tunnelPort), 'ip', 'length', '>', String(spec.maxBytes)];
    inNic.push({ name: 'too large', match, act: ['drop'] });
  }
  if (spec.duplicate > 0) {
    inNic.push({
      name: 'duplicated',
      match: take(spec.duplicate),
      act: ['dup', 'to', `"${out.device}"`],
    });
  }
  const corrupted = (protocol: string): NftRule => ({
    name: 'corrupted',
    match: ['meta', 'l4proto', protocol, ...take(spec.corrupt)],
    act: [protocol, 'checksum', 'set', WRONG],
  });
  const atReceiver = spec.corrupt > 0 ? (spec.match === 'all' ? ['udp', 'tcp'] : ['udp']).map(corrupted) : [];
  return [
    { port: from, rules: inNic },
    { port: receiver, rules: atReceiver },
  ].filter(({ rules }) => rules.length > 0);
}

function matchWords(match: Match, tunnelPort: number): string[] {
  if (match === 'all') return [];
  const tunnel = ['udp', 'dport', String(tunnelPort)];
  // A WireGuard message's type is the first byte behind the UDP header; 1 and 2 are the handshakes.
  return match === 'tunnel' ? tunnel : [...tunnel, '@th,64,8', '1-2'];
}

function shareWords(percent: number): string[] {
  if (percent >= 100) return [];
  const part = Math.max(1, Math.round((percent / 100) * WHOLE));
  return ['numgen', 'random', 'mod', String(WHOLE), '<', String(part)];
}

/** A half-made checksum is trusted by its receiver, whatever it is set to: the NIC has to finish it. */
async function halfMade(lanes: readonly Lane[]): Promise<string | undefined> {
  for (const { out } of lanes) {
    const { stdout } = await out.hop.exec(['ethtool', '-k', out.device]);
    if (!/^tx-checksumming: off/m.test(stdout)) {
      return `${out.device} of ${out.hop.name} passes half-made checksums on, which no receiver checks`;
    }
  }
  return undefined;
}
