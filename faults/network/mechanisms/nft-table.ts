/** An nft table of our own on a device: its name says whose it is, and it is made and removed as a whole. */
import { z } from 'zod';
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

const tableOf = (device: string) => `ordeal_${device}`;

/** One transaction of `nft -f`; `create` fails where there is one of that name. */
function tableScript(device: string, rules: readonly NftRule[]): string {
  const chain = `netdev ${tableOf(device)} ingress`;
  return [
    `create table netdev ${tableOf(device)}`,
    `add chain ${chain} { type filter hook ingress device "${device}" priority 0; policy accept; }`,
    ...rules.map(({ act, match, name }) =>
      ['add rule', chain, ...match, 'counter', ...act, `comment "${name}"`].join(' '),
    ),
    '',
  ].join('\n');
}

export function ownTable({ hop, device }: Port, rules: readonly NftRule[]): Change {
  const mark = `"name": "${tableOf(device)}"`;
  const look = ['nft', '-j', 'list', 'tables', 'netdev'];
  return change({
    what: `nft table ${tableOf(device)} of ${hop.name}`,
    hop,
    device,
    make: [{ argv: ['nft', '-f', '-'], input: tableScript(device, rules) }],
    look,
    mark,
    undo: ['nft', 'delete', 'table', 'netdev', tableOf(device)],
    inTheWay: async () => {
      const { stdout } = await hop.exec(look);
      return stdout.includes(mark) ? `an nft table ${tableOf(device)} is in ${hop.name} already` : undefined;
    },
  });
}

/** Why the hop's kernel cannot hold the table; undefined where it can. Checked by the kernel, and not applied. */
export async function nftLacks(
  { hop, device }: Port,
  rules: readonly NftRule[],
): Promise<string | undefined> {
  const { exitCode, stderr } = await hop.exec(['nft', '-c', '-f', '-'], {
    input: tableScript(device, rules),
  });
  // A table of that name is in the way, and no lack.
  if (exitCode === 0 || stderr.includes('File exists')) return undefined;
  return `nft of ${hop.name} cannot (${stderr.trim().split('\n')[0]})`;
}

/** Packets that each rule has counted, by its name. @throws OrdealError NFT_UNREADABLE (exit 4) */
export async function nftCounts({ hop, device }: Port): Promise<Record<string, number>> {
  const argv = ['nft', '-j', 'list', 'table', 'netdev', tableOf(device)];
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
