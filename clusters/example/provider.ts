import { existsSync } from 'node:fs';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { connect } from '../../harness/kube/client.ts';
import type { Provider } from '../../harness/run/ports.ts';
import { foundOn } from '../found.ts';
import type { Cluster, ClusterNode } from '../port.ts';

const NAME = 'standing';

/** A cluster that stands already and may be broken: that of a kubeconfig. It is not ended, for it was not brought up. */
export function standingProvider(kubeconfig: string): Provider<Cluster> {
  return {
    name: NAME,
    async readiness() {
      const ok = existsSync(kubeconfig);
      return [
        { name: 'kubeconfig', ok, detail: kubeconfig, ...(!ok && { mend: 'name a file that is there' }) },
      ];
    },
    async up({ undo }) {
      const kube = await connect(kubeconfig);
      // The undo of each thing is there before the next is done.
      undo.push('close the connection', async () => kube.close());
      const { items } = await kube.core.listNode();
      const nodes = items.map(({ metadata }) => nodeOf(metadata?.name ?? '', metadata?.labels ?? {}));
      return {
        name: NAME,
        provider: NAME,
        kubeconfig,
        // How real it is, it cannot tell: the least.
        evidence: 'modelled',
        versions: { kubernetes: (await kube.version.getCode()).gitVersion },
        nodeNames: nodes.map(({ name }) => name),
        found: () => foundOn(kube),
        nodes,
        kube,
        // What it cannot do is not among these: a requirement that needs it is inconclusive, with that reason.
        capabilities: new Set(),
        workloadImage: 'busybox',
        startGpuNodes: cannot('starting fake GPU nodes'),
        stopGpuNodes: async () => {},
        exportLogs: async () => {},
        down: async () => {},
      };
    },
    upDetached: cannot('bringing a cluster up'),
    down: async () => false,
    clean: async () => [],
  };
}

function nodeOf(name: string, labels: Record<string, string>): ClusterNode {
  return {
    name,
    role: 'node-role.kubernetes.io/control-plane' in labels ? 'control-plane' : 'worker',
    stateDir: undefined,
    kubeletDirs: undefined,
    exec: cannot(`running a command on ${name}`),
    restartKubelet: cannot(`restarting the kubelet of ${name}`),
  };
}

function cannot(tried: string) {
  return async (): Promise<never> => {
    throw new OrdealError({
      code: 'NODE_CANNOT',
      exit: EXIT.unable,
      tried,
      seen: `the provider ${NAME} has the API alone`,
      todo: 'use a cluster of kind or embedded',
    });
  };
}
