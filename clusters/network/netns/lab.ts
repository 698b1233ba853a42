import { release } from 'node:os';
import type { UndoStack } from '../../../harness/run/undo.ts';
import type { EdgeNetwork } from '../port.ts';
import { type Exec, type Host, ipBatch, thisMachine } from './host.ts';
import { type LabMark, namespaceName, newLabMark, tunnelName } from './names.ts';
import { removeLab } from './remove.ts';
import { type Cable, CLOUD_IN_TUNNEL, cloudServices, layTunnels, refuseTooMany } from './tunnels.ts';
import {
  cloudAddress,
  EDGE,
  edgeAddress,
  NIC_CLOUD,
  NIC_EDGE,
  reachedAddress,
  type Wiring,
  wire,
} from './wiring.ts';

export interface NetnsLabOptions {
  runId: string;
  /** Names of the edge nodes, a link each. */
  nodes: readonly string[];
  undo: UndoStack;
  signal?: AbortSignal;
  /**
   * Whether this machine gets a way into each edge's namespace, by an interface and a network of its own: for a guest,
   * which is nobody's. No way unless told.
   */
  reached?: boolean;
  /** How commands are run; by this machine, each in a process of its own, unless told. */
  exec?: Exec;
  execIn?: Host['execIn'];
}

/**
 * Edge nodes and a cloud in network namespaces of this machine's kernel; takes root. Its undo is registered before
 * anything is made, and a failure half way leaves nothing.
 * @throws OrdealError NETWORK_LAB_COMMAND (exit 4) with the command that failed; the signal's reason when that aborts.
 */
export async function netnsLab(options: NetnsLabOptions): Promise<EdgeNetwork> {
  const { nodes, reached = false, runId, signal, undo } = options;
  refuseTooMany(nodes.length);
  const mark = newLabMark(runId);
  const down = async () => void (await removeLab(mark));
  const exec = options.exec ?? thisMachine;
  const whileWanted: Exec = async (argv, more) => {
    signal?.throwIfAborted();
    return await exec(argv, more);
  };
  undo.push(`remove the network lab ${mark.id}`, down);
  try {
    const cloudNamespace = namespaceName(mark, 'cloud');
    const { cloud, links, version } = await layTunnels({
      host: { exec, execIn: options.execIn, enter: [] },
      exec: whileWanted,
      cloud: cloudNamespace,
      cables: await layCables(mark, cloudNamespace, nodes, reached, whileWanted),
      device: (end) => tunnelName(mark, end === 'cloud' ? 'c' : String(end)),
    });
    return {
      isolation: 'netns',
      evidence: 'real-kernel',
      versions: { kernel: release(), tunnel: version },
      cloud: { listen: cloudServices(CLOUD_IN_TUNNEL), hop: cloud },
      links: links(),
      down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

async function layCables(
  mark: LabMark,
  cloud: string,
  nodes: readonly string[],
  reached: boolean,
  exec: Exec,
): Promise<Cable[]> {
  await ipBatch(exec, undefined, [['netns', 'add', cloud]]);
  await ipBatch(exec, cloud, [['link', 'set', 'lo', 'up']]);
  const cables: Cable[] = [];
  for (const [index, node] of nodes.entries()) {
    const wiring: Wiring = {
      edge: namespaceName(mark, `edge${index}`),
      nic: namespaceName(mark, `nic${index}`),
      cloud,
      cloudInterface: `c${index}`,
      subnet: index,
      reached,
    };
    await wire(exec, wiring);
    cables.push({
      node,
      edge: {
        namespace: wiring.edge,
        device: EDGE,
        address: edgeAddress(wiring),
        reachedAt: reached ? reachedAddress(wiring) : undefined,
      },
      nic: { namespace: wiring.nic, towardsEdge: NIC_EDGE, towardsCloud: NIC_CLOUD },
      cloud: { namespace: cloud, device: wiring.cloudInterface, address: cloudAddress(wiring) },
    });
  }
  return cables;
}
