import { run, tryRun } from '../../harness/exec/exec.ts';
import type { ClusterNode } from '../port.ts';
import type { WorkerFolders } from './folders.ts';

/** A node of a kind cluster: a container of the same name. */
export function kindNode(
  name: string,
  folders: WorkerFolders | undefined,
  socketsReachable: boolean,
): ClusterNode {
  return {
    name,
    role: folders ? 'worker' : 'control-plane',
    stateDir: folders?.state,
    kubeletDirs:
      folders && socketsReachable
        ? { devicePlugins: folders.devicePlugins, podResources: folders.podResources }
        : undefined,
    exec(argv, options = {}) {
      const interactive = options.input === undefined ? [] : ['--interactive'];
      return tryRun(['docker', 'exec', ...interactive, name, ...argv], options);
    },
    async restartKubelet() {
      await run(['docker', 'exec', name, 'systemctl', 'restart', 'kubelet']);
    },
  };
}
