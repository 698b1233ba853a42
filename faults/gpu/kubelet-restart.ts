import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../port.ts';
import { allocatableOn } from './allocatable.ts';
import { type OwnPlugin, type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** What of a node a kubelet's restart touches besides its plugins. */
export const KUBELET = 'kubelet';

/** `gpu/kubelet-restart`: the kubelet starts anew, and the plugin does not register until this is healed. */
export function kubeletRestart(id: string, at: OwnPluginAt, plugin: () => OwnPlugin): Fault {
  const { node, resource } = at;
  let before: number | undefined;
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/kubelet-restart', resources: [KUBELET] },
    mechanism: 'the provider restarts the kubelet, and the plugin’s registration is withheld',
    unable: () => (node.kubeletDirs ? undefined : `the kubelet’s sockets on ${node.name} are out of reach`),
    async inject() {
      before = socketOf(at);
      plugin().withhold();
      await node.restartKubelet();
    },
    async bitten({ cluster }) {
      const now = socketOf(at);
      const anew = now !== undefined && now !== before;
      const allocatable = await allocatableOn(cluster.kube, node.name, resource);
      return {
        seen: anew && allocatable === 0,
        evidence: `kubelet.sock is ${anew ? 'a new one' : 'not a new one'}; ${allocatable} ${resource} allocatable on ${node.name}`,
      };
    },
    heal: () => plugin().comeBack(),
  });
}

/** When the kubelet's socket was made; undefined where there is none. An inode's number may be given out again. */
function socketOf({ node }: OwnPluginAt): number | undefined {
  const path = join(node.kubeletDirs?.devicePlugins ?? '', 'kubelet.sock');
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
