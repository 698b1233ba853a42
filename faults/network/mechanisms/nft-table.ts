/** An nft table of our own: its name says whose it is, and it is made and removed as a whole. */
import { z } from 'zod';
import type { Hop } from '../../../clusters/network/port.ts';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { type Change, change } from '../change.ts';
import type { Port } from '../lanes.ts';

/** A rule of a device's ingress: what it takes, and what it does after it has counted. */
export interface NftRule {
  /** By this its counter is found. */
  name: string;
  match: readonly string[];
  act: readonly string[];
}

const Listed = z.object({
  nftables: z.array(
    z.object({
      rule: z
        .object({ comment: z.string().optional(), expr: z.array(z.record(z.string(), z.unknown())) })
        .optional(),
    }),
  ),
});
const Counter = z.object({ packets: z.number() });

/** A table of a hop, and what makes it: lines of one transaction of `nft -f`, of which the first creates it. */
export interface NftTable {
  hop: Hop;
  family: 'inet' | 'netdev';
  table: string;
  script: readonly string[];
  /** Where it is felt, if at one device alone. */
  device?: string;
}

/** `add rule` of a chain, named with its family and table. */
export function ruleLine(chain: string, { act, match, name }: NftRule): string {
  return ['add rule', chain, ...match, 'counter', ...act, `comment "${name}"`].join(' ');
}

/** `create` fails where there is one of that name. */
function deviceTable({ hop, device }: Port, rules: readonly NftRule[]): NftTable {
  const table = `ordeal_${device}`;
  const chain = `netdev ${table} ingress`;
  const script = [
    `create table netdev ${table}`,
    `add chain ${chain} { type filter hook ingress device "${device}" priority 0; policy accept; }`,
    ...rules.map((rule) => ruleLine(chain, rule)),
  ];
  return { hop, family: 'netdev', table, script, device };
}

const inputOf = ({ script }: NftTable) => ({ input: [...script, ''].join('\n') });

export function tableChange(own: NftTable): Change {
  const { device, family, hop, table } = own;
  const mark = `"name": "${table}"`;
  const look = ['nft', '-j', 'list', 'tables', family];
  return change({
    what: `nft table ${table} of ${hop.name}`,
    hop,
    ...(device !== undefined && { device }),
    make: [{ argv: ['nft', '-f', '-'], ...inputOf(own) }],
    look,
    mark,
    undo: ['nft', 'delete', 'table', family, table],
    inTheWay: async () => {
      const { stdout } = await hop.exec(look);
      return stdout.includes(mark) ? `an nft table ${table} is in ${hop.name} already` : undefined;
    },
  });
}

/** A table of one device's ingress. */
export function ownTable(port: Port, rules: readonly NftRule[]): Change {
  return tableChange(deviceTable(port, rules));
}

/** `tableLacks` of the table of a device. */
export async function nftLacks(port: Port, rules: readonly NftRule[]): Promise<string | undefined> {
  return await tableLacks(deviceTable(port, rules));
}

/** Why the hop's kernel cannot hold the table; undefined where it can. Checked by the kernel, and not applied. */
export async function tableLacks(own: NftTable): Promise<string | undefined> {
  const { hop } = own;
  const { exitCode, stderr } = await hop.exec(['nft', '-c', '-f', '-'], inputOf(own));
  // A table of that name is in the way, and no lack.
  if (exitCode === 0 || stderr.includes('File exists')) return undefined;
  return `nft of ${hop.name} cannot (${stderr.trim().split('\n')[0]})`;
}

/** Packets that each rule of the table of a device has counted, by its name. @throws OrdealError NFT_UNREADABLE (exit 4) */
export async function nftCounts(port: Port): Promise<Record<string, number>> {
  return await tableCounts(deviceTable(port, []));
}

/** Packets that each rule has counted, by its name. @throws OrdealError NFT_UNREADABLE (exit 4) */
export async function tableCounts({
  family,
  hop,
  table,
}: Pick<NftTable, 'family' | 'hop' | 'table'>): Promise<Record<string, number>> {
  const argv = ['nft', '-j', 'list', 'table', family, table];
  const { exitCode, stdout, stderr } = await hop.exec(argv);
  if (exitCode !== 0) {
    throw new OrdealError({
      code: 'NFT_UNREADABLE',
      exit: EXIT.unable,
      tried: `reading the counters of ${hop.name} with \`${argv.join(' ')}\``,
      seen: `exit code ${exitCode}: ${stderr.trim()}`,
      todo: 'something else removed the table: let nobody but the harness touch it',
    });
  }
  const counts: Record<string, number> = {};
  for (const { rule } of Listed.parse(JSON.parse(stdout)).nftables) {
    const counter = rule?.expr.find((expression) => 'counter' in expression)?.counter;
    if (rule?.comment === undefined || counter === undefined) continue;
    counts[rule.comment] = (counts[rule.comment] ?? 0) + Counter.parse(counter).packets;
  }
  return counts;
}
