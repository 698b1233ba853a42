import type { Endpoint, FoundLink, Services } from '../../../clusters/network/port.ts';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import type { Direction, Match } from '../lanes.ts';
import { kernelMechanism, type Mechanism, type Part } from './mechanism.ts';
import { type NftRule, type NftTable, ruleLine, tableChange, tableCounts, tableLacks } from './nft-table.ts';

/** One way of a link: what is dropped is what a set of the table has, and it has our own services alone. */
interface Way {
  /** The set's name, and the counter's. */
  name: 'pods' | 'host';
  services: readonly (Endpoint & { protocol: 'tcp' | 'udp' })[];
  /** What the node itself sends is seen where it leaves, what its pods send where it arrives. */
  sentAt: 'arriving' | 'leaving';
}

/**
 * Drops, in an edge node's own network, what goes between it and the run's own services, by address, protocol and port; no
 * other packet. The kernel forgets what it drops at the run's deadline, whoever is left to heal.
 */
export function ownTraffic(
  { byHost, path, throughTunnel }: FoundLink,
  { direction, match }: { direction: Direction; match: Match },
): Mechanism {
  const ways = [podsWay(throughTunnel), ...(match === 'all' ? [hostWay(byHost)] : [])];
  const { edge: hop, table: own } = path;
  const named = `inet ${own}`;
  const table: NftTable = {
    hop,
    family: 'inet',
    table: own,
    script: [
      `create table ${named}`,
      // Before connections are tracked: a drop leaves nothing behind.
      `add chain ${named} arriving { type filter hook prerouting priority -300; policy accept; }`,
      `add chain ${named} leaving { type filter hook output priority -300; policy accept; }`,
      ...ways.flatMap((way) => [
        `add set ${named} ${way.name} { type ipv4_addr . inet_proto . inet_service; flags timeout; }`,
        ...rulesOf(named, way, direction),
      ]),
    ],
  };
  const part: Part = {
    name: 'nftables, the run’s own packets',
    lacks: async () =>
      match === 'handshake'
        ? 'the handshakes of a tunnel that is somebody’s cannot be told from its other datagrams'
        : await tableLacks(table),
    changes: [tableChange(table)],
    touched: () => tableCounts(table),
  };
  const mechanism = kernelMechanism([part]);
  return {
    ...mechanism,
    async inject(context) {
      await mechanism.inject(context);
      const leftMs = context.deadlineWall - context.clock.wall();
      const seconds = Math.max(1, Math.ceil(leftMs / 1_000));
      const input = `${ways.map((way) => elementsOf(named, way, seconds)).join('\n')}\n`;
      const { exitCode, stderr } = await hop.exec(['nft', '-f', '-'], { input });
      if (exitCode !== 0) throw notCut(own, hop.name, stderr);
    },
  };
}

function podsWay({ echo, mqtt }: Services): Way {
  const services = [
    { ...mqtt, protocol: 'tcp' as const },
    { ...echo, protocol: 'udp' as const },
  ];
  return { name: 'pods', services, sentAt: 'arriving' };
}

/** Of the host nothing but its probes goes to the cloud. */
function hostWay({ echo }: Services): Way {
  return { name: 'host', services: [{ ...echo, protocol: 'udp' }], sentAt: 'leaving' };
}

function rulesOf(table: string, { name, sentAt }: Way, direction: Direction): string[] {
  const rule = (chain: string, match: string[]) =>
    ruleLine(`${table} ${chain}`, { name, match: [...match, `@${name}`], act: ['drop'] } satisfies NftRule);
  const toCloud = rule(sentAt, ['ip', 'daddr', '.', 'meta', 'l4proto', '.', 'th', 'dport']);
  const toEdge = rule('arriving', ['ip', 'saddr', '.', 'meta', 'l4proto', '.', 'th', 'sport']);
  return [...(direction === 'to-edge' ? [] : [toCloud]), ...(direction === 'to-cloud' ? [] : [toEdge])];
}

function elementsOf(table: string, { name, services }: Way, seconds: number): string {
  const elements = services.map(
    ({ host, port, protocol }) => `${host} . ${protocol} . ${port} timeout ${seconds}s`,
  );
  return `add element ${table} ${name} { ${elements.join(', ')} }`;
}

function notCut(table: string, node: string, said: string): OrdealError {
  return new OrdealError({
    code: 'FAULT_COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `telling the nft table ${table} of ${node} what to drop`,
    seen: said.trim(),
    todo: 'what was made of it is taken back; the message is nft’s own',
  });
}
