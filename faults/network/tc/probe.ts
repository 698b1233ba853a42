import type { Hop } from '../../../clusters/network/port.ts';
import { OWN_HANDLE, OWN_NUMBER } from './own.ts';

const CLSACT = `qdisc add dev lo ingress_block ${OWN_NUMBER} clsact`;
const FILTER = `filter add block ${OWN_NUMBER} protocol ip pref ${OWN_NUMBER}`;

/** What shows that a kernel has a thing, as lines of `tc -batch` on a loopback of its own. */
const PROBES = {
  netem: [`qdisc add dev lo root handle ${OWN_HANDLE} netem`],
  tbf: [`qdisc add dev lo root handle ${OWN_HANDLE} tbf rate 8kbit burst 1600 latency 50ms`],
  htb: [
    `qdisc add dev lo root handle ${OWN_HANDLE} htb default 1`,
    `filter add dev lo parent ${OWN_HANDLE} protocol ip pref ${OWN_NUMBER} u32 match u32 0 0 flowid ${OWN_HANDLE}1`,
  ],
  redirect: [CLSACT, `${FILTER} u32 match u32 0 0 action mirred egress redirect dev lo`],
  'classic BPF': [CLSACT, `${FILTER} bpf direct-action bytecode "1,6 0 0 0"`],
} as const;

/** Why a hop's kernel cannot do it; undefined where it can. Tried in a namespace that is gone at once. */
export async function tcLacks(hop: Hop, probe: keyof typeof PROBES): Promise<string | undefined> {
  const input = `${PROBES[probe].join('\n')}\n`;
  const { exitCode, stderr } = await hop.exec(['unshare', '--net', 'tc', '-batch', '-'], { input });
  if (exitCode === 0) return undefined;
  return `the kernel of ${hop.name} has no ${probe} (${stderr.trim().split('\n')[0]})`;
}
