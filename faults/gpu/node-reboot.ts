import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterNode } from '../../clusters/port.ts';
import type { Kube } from '../../harness/kube/client.ts';
import type { CommandUndo } from '../command-undo.ts';
import type { Fault, FaultContext, Seen } from '../port.ts';
import { allocatableOn } from './allocatable.ts';
import { KUBELET } from './kubelet-restart.ts';
import type { OwnGpu } from './own-gpu.ts';
import { type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** `gpu/node-reboot`: the node goes down and boots anew, and its plugin does not register until this is healed. */
export function nodeReboot(id: string, at: OwnPluginAt, gpu: () => OwnGpu): Fault {
  return reboot(id, 'gpu/node-reboot', at, gpu, {
    whileDown: async () => undefined,
    async withoutDevices({ cluster }) {
      const allocatable = await allocatableOn(cluster.kube, at.node.name, at.resource);
      return { seen: allocatable === 0, evidence: `${allocatable} ${at.resource} allocatable` };
    },
  });
}

/** A kubelet's checkpoint of devices, by whoever knows the kubelet. */
export interface Checkpoint {
  file: string;
  /** Whether a checkpoint of this text names a resource. */
  names(text: string, resource: string): boolean;
}

/**
 * `gpu/checkpoint-lost`: the same, and the kubelet's checkpoint is gone when it starts; so are the sockets of before, which it
 * would remove itself: what it does then, it does for want of the checkpoint alone.
 */
export function checkpointLost(
  id: string,
  at: OwnPluginAt,
  gpu: () => OwnGpu,
  { file, names }: Checkpoint,
): Fault {
  const folder = at.node.kubeletDirs?.devicePlugins ?? '';
  const checkpoint = join(folder, file);
  return reboot(id, 'gpu/checkpoint-lost', at, gpu, {
    async whileDown() {
      const found = await readdir(folder, { withFileTypes: true });
      const sockets = found.filter((each) => each.isSocket()).map(({ name }) => join(folder, name));
      for (const path of [checkpoint, ...sockets]) await rm(path);
    },
    // A kubelet that has never heard of the resource leaves what the API server had as allocatable.
    async withoutDevices() {
      const known = names(await readFile(checkpoint, 'utf8').catch(() => ''), at.resource);
      return { seen: !known, evidence: `${file} ${known ? 'names' : 'does not name'} ${at.resource}` };
    },
  });
}

interface Kind {
  whileDown(): Promise<void>;
  /** Whether the kubelet that has booted knows of no device. */
  withoutDevices(context: FaultContext): Promise<Seen>;
}

function reboot(
  id: string,
  kind: string,
  at: OwnPluginAt,
  gpu: () => OwnGpu,
  { whileDown, withoutDevices }: Kind,
): Fault {
  const { node } = at;
  let before: string | undefined;
  return ownPluginFault({
    ...{ ...at, id, kind, resources: [KUBELET] },
    mechanism: 'the provider switches the node off and on, and the plugin’s registration is gated',
    undo: switchedOn(node),
    unable: () => (node.power && node.kubeletDirs ? undefined : `nobody can switch ${node.name} off and on`),
    async inject({ cluster }) {
      before = await bootOf(cluster.kube, node.name);
      await node.power?.off();
      await gpu().goDown();
      await whileDown();
      await node.power?.on();
    },
    async bitten(context) {
      const boot = await bootOf(context.cluster.kube, node.name);
      const { evidence, seen } = await withoutDevices(context);
      return {
        seen: boot !== before && seen,
        evidence: `boot ${boot} of ${node.name}, before ${before}; ${evidence}`,
      };
    },
    async heal() {
      await node.power?.on();
      await gpu().comeBack();
    },
  });
}

/** A node that outlives the harness is not left off. */
function switchedOn({ name, power }: ClusterNode): CommandUndo[] {
  if (!power?.orders) return [];
  const { down, look, on } = power.orders;
  return [{ what: `${name} is off`, machine: [], enter: [], look: [...look], mark: down, undo: [...on] }];
}

/** A container has its host's boot ID all the time, and a machine ID of its own that it makes when it starts. */
async function bootOf(kube: Kube, name: string): Promise<string> {
  const { status } = await kube.core.readNode({ name });
  const { bootID = 'unknown', machineID = 'unknown' } = status?.nodeInfo ?? {};
  return `${bootID}/${machineID}`;
}
