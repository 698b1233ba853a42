import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import type { ClusterNode } from '../port.ts';
import type { WorkerFolders } from './folders.ts';

export interface ContainerNodeOptions {
  /** The node's name, and the container's. */
  name: string;
  /** Of a worker; a control plane has none. */
  folders: WorkerFolders | undefined;
  socketsReachable: boolean;
  /** What restarts the kubelet, run in the node; undefined where nothing can. */
  restartKubelet: readonly string[] | undefined;
  power?: NonNullable<ClusterNode['power']>;
}

/** A node that is a container of the same name. */
export function containerNode(options: ContainerNodeOptions): ClusterNode {
  const { name, folders, power, socketsReachable, restartKubelet } = options;
  return {
    name,
    role: folders ? 'worker' : 'control-plane',
    stateDir: folders?.state,
    kubeletDirs:
      folders && socketsReachable
        ? {
            devicePlugins: folders.devicePlugins,
            podResources: folders.podResources,
            pluginsRegistry: folders.pluginsRegistry,
          }
        : undefined,
    exec(argv, options = {}) {
      const interactive = options.input === undefined ? [] : ['--interactive'];
      return tryRun(['docker', 'exec', ...interactive, name, ...argv], options);
    },
    async restartKubelet() {
      if (!restartKubelet) throw noRestart(name);
      await run(['docker', 'exec', name, ...restartKubelet]);
    },
    ...(power && { power }),
  };
}

function noRestart(name: string): OrdealError {
  return new OrdealError({
    code: 'NODE_CANNOT',
    exit: EXIT.unable,
    tried: `restarting the kubelet of ${name}`,
    seen: 'it is no process of its own there',
    todo: 'use a cluster with the capability restart-kubelet: embedded, kind, or the double of K3s',
  });
}
