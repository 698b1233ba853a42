import { z } from 'zod';
import type { EdgeLink, Hop, KernelPath } from '../../clusters/network/port.ts';
import { startAt } from '../../faults/network/background.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { snmpFigure } from '../../harness/exec/snmp.ts';

/** Flannel's own. */
const PORT = 8_472;
const VNI = 77;
const DEVICE = 'ordeal-v0';
const AT = { edge: '10.7.0.2', cloud: '10.7.0.1' };
const ANSWERS_AT = 7_007;
/** What a look may take; a start of socat is in it, on a machine that has others to start. */
const LOOK_S = 3;
const LAID_MS = 30_000;

const Addresses = z.array(z.object({ addr_info: z.array(z.object({ local: z.string() })) }));

/** A vxlan of the kernels' own over a link, with outer checksums, as Flannel lays it; it goes with the link. */
export class Overlay {
  readonly #path: KernelPath;
  readonly #link: EdgeLink;

  private constructor(link: EdgeLink, path: KernelPath) {
    this.#link = link;
    this.#path = path;
  }

  /** @throws Error where the link is no kernel's, or its kernel has no vxlan. */
  static async lay(link: EdgeLink): Promise<Overlay> {
    const { path } = link;
    if (path.kind !== 'kernel')
      throw new Error(`the link of ${link.node} is no kernel’s: isolation netns has one`);
    const overlay = new Overlay(link, path);
    const { cloud, edge, interfaces } = path;
    const at = {
      edge: await addressOf(edge, interfaces.edge),
      cloud: await addressOf(cloud, interfaces.cloud),
    };
    await layEnd(edge, interfaces.edge, { local: at.edge, remote: at.cloud, own: AT.edge });
    await layEnd(cloud, interfaces.cloud, { local: at.cloud, remote: at.edge, own: AT.cloud });
    startAt(cloud, ['socat', `TCP4-LISTEN:${ANSWERS_AT},bind=${AT.cloud},fork,reuseaddr`, 'PIPE']);
    await waitFor(async () => (await overlay.look()).reached, {
      what: `an answer through the vxlan of ${link.node}`,
      deadlineMs: LAID_MS,
    });
    return overlay;
  }

  /** The link as its NIC has it: what goes through the tunnel is the vxlan's. */
  get below(): Pick<EdgeLink, 'node' | 'path'> {
    return { node: this.#link.node, path: { ...this.#path, tunnelPort: PORT } };
  }

  /** Whether the cloud answers, and what its kernel has dropped for a checksum so far. */
  async look(): Promise<{ reached: boolean; inCsumErrors: number }> {
    const { cloud, edge } = this.#path;
    const argv = [
      ...['timeout', String(LOOK_S), 'socat', '-t', String(LOOK_S), '-'],
      `TCP4:${AT.cloud}:${ANSWERS_AT},connect-timeout=${LOOK_S}`,
    ];
    const { stdout } = await edge.exec(argv, { input: 'ordeal\n' });
    const snmp = await cloud.exec(['cat', '/proc/net/snmp']);
    return {
      reached: stdout === 'ordeal' || stdout === 'ordeal\n',
      inCsumErrors: snmpFigure(snmp.stdout, 'Udp', 'InCsumErrors'),
    };
  }
}

async function addressOf(hop: Hop, device: string): Promise<string> {
  const { stdout } = await hop.exec(['ip', '-j', '-4', 'address', 'show', 'dev', device]);
  const address = Addresses.parse(JSON.parse(stdout))[0]?.addr_info[0]?.local;
  if (address === undefined) throw new Error(`${device} of ${hop.name} has no address`);
  return address;
}

async function layEnd(
  hop: Hop,
  below: string,
  { local, own, remote }: { local: string; remote: string; own: string },
): Promise<void> {
  const commands = [
    [
      ...['link', 'add', DEVICE, 'type', 'vxlan', 'id', String(VNI), 'dstport', String(PORT)],
      ...['local', local, 'remote', remote, 'dev', below, 'udpcsum'],
    ],
    ['address', 'add', `${own}/30`, 'dev', DEVICE],
    ['link', 'set', DEVICE, 'addrgenmode', 'none', 'up'],
  ];
  for (const words of commands) {
    const { exitCode, stderr } = await hop.exec(['ip', ...words]);
    if (exitCode !== 0) throw new Error(`\`ip ${words.join(' ')}\` on ${hop.name}: ${stderr.trim()}`);
  }
}
