import { z } from 'zod';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import type { Hop } from '../../network/port.ts';
import type { Left } from '../comparison.ts';

const Listed = z.object({
  nftables: z.array(z.object({ table: z.object({ family: z.string(), name: z.string() }).optional() })),
});

/** The nft tables of a node's own network: `inet kube-proxy`. @throws OrdealError NFT_UNREADABLE, TOOLBOX_LOST (exit 4) */
export async function tablesOf({ exec, name }: Hop): Promise<string[]> {
  const { exitCode, stderr, stdout } = await exec(['nft', '-j', 'list', 'tables']).catch((error) => {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') throw unreadable(name, error.seen);
    throw error;
  });
  if (exitCode !== 0) throw unreadable(name, `exit code ${exitCode}: ${stderr.trim()}`);
  const { nftables } = Listed.parse(JSON.parse(stdout));
  return nftables.flatMap(({ table }) => (table ? [`${table.family} ${table.name}`] : [])).sort();
}

function unreadable(node: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'NFT_UNREADABLE',
    exit: EXIT.unable,
    tried: `listing the nft tables of ${node}`,
    seen,
    todo: 'see that its kernel has nf_tables, and that cluster.workloadImage is the toolbox image of `ordeal images build`',
  });
}

/** What of a node's tables differs after a run: ours it has left, of any other it can't be told who did. Pure. */
export function tablesLeft(
  node: string,
  before: readonly string[],
  after: readonly string[],
  own: string,
): Left {
  const line = (table: string, what: string) => `node ${node}: the nft table ${table} ${what}`;
  const fresh = after.filter((table) => !before.includes(table));
  const isOwn = (table: string) => table.endsWith(` ${own}`);
  return {
    ours: after.filter(isOwn).map((table) => line(table, 'is still there')),
    others: [
      ...fresh.filter((table) => !isOwn(table)).map((table) => line(table, 'is new')),
      ...before
        .filter((table) => !isOwn(table) && !after.includes(table))
        .map((table) => line(table, 'is gone')),
    ],
  };
}
