import { z } from 'zod';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import type { Port } from '../lanes.ts';

const count = z.number().default(0);

/** A qdisc as `tc -s -j qdisc show` tells it. */
const Qdisc = z.object({
  kind: z.string(),
  handle: z.string(),
  root: z.boolean().default(false),
  ingress_block: z.int().optional(),
  packets: count,
  drops: count,
  overlimits: count,
});
type Qdisc = z.infer<typeof Qdisc>;

const Actions = z.array(
  z.object({ actions: z.array(z.object({ stats: z.object({ packets: count }) })).default([]) }),
);

/** @throws OrdealError TC_UNREADABLE (exit 4) */
export async function qdiscsOf({ hop, device }: Port): Promise<Qdisc[]> {
  return z
    .array(Qdisc)
    .parse(await json({ hop, device }, ['tc', '-s', '-j', 'qdisc', 'show', 'dev', device]));
}

/** Our qdisc of this handle; undefined where it is not there. */
export async function qdiscOf(port: Port, handle: string): Promise<Qdisc | undefined> {
  return (await qdiscsOf(port)).find((qdisc) => qdisc.handle === handle);
}

/** Packets that a mirred action of this index has redirected. */
export async function redirected(port: Port, index: number): Promise<number> {
  const argv = ['tc', '-s', '-j', 'actions', 'get', 'action', 'mirred', 'index', String(index)];
  const all = Actions.parse(await json(port, argv));
  return all.flatMap(({ actions }) => actions).reduce((sum, { stats }) => sum + stats.packets, 0);
}

async function json({ hop, device }: Port, argv: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await hop.exec(argv);
  if (exitCode === 0) return JSON.parse(stdout || '[]');
  throw new OrdealError({
    code: 'TC_UNREADABLE',
    exit: EXIT.unable,
    tried: `reading ${device} of ${hop.name} with \`${argv.join(' ')}\``,
    seen: `exit code ${exitCode}: ${stderr.trim()}`,
    todo: 'see that the interface is there and that tc (iproute2) can write JSON',
  });
}
