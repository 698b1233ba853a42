import type { V1Pod } from '@kubernetes/client-node';
import { DEVICE_PLUGINS, NODE_STATE, POD_RESOURCES } from '../container-nodes/folders.ts';
import { EXPORTER_PORT, GPU_NODE_NAME } from '../container-nodes/gpu-daemonset.ts';
import type { AgentConfig } from '../gpu-node/main.ts';
import { nodePod } from './node-pod.ts';

/** Where a kubelet keeps the emptyDir of the pod below, as the node names it. */
const OWN_STATE = '/var/lib/kubelet/pods/$(POD_UID)/volumes/kubernetes.io~empty-dir/state';

export interface GpuPodShape {
  namespace: string;
  name: string;
  node: string;
  image: string;
  deadlineSeconds: number;
  /** The resource of the vendor's plugin: nothing is faked then. */
  watch?: string;
  /** Whether the fake GPU node has an exporter. */
  exporter?: boolean;
}

/** The fake GPU node of one node that is someone's: of its files only the kubelet's own folders of sockets, and no API. */
export function gpuPod({ exporter, watch, ...shape }: GpuPodShape): V1Pod {
  const config: AgentConfig = {
    guest: true,
    ...(watch !== undefined && { watch }),
    nodes: [
      {
        name: shape.node,
        stateDir: NODE_STATE,
        // The kubelet puts the variable in.
        hostStateDir: OWN_STATE,
        devicePluginDir: DEVICE_PLUGINS,
        podResourcesDir: POD_RESOURCES,
        ...(exporter && { exporter: { port: EXPORTER_PORT } }),
      },
    ],
  };
  return nodePod({
    ...shape,
    is: GPU_NODE_NAME,
    command: ['node', '/ordeal/gpu-node.mjs'],
    env: [
      { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      { name: 'ORDEAL_GPU_CONFIG', value: JSON.stringify(config) },
    ],
    // Who only watches has nothing to do with the plugins' sockets.
    folders: { ...(watch === undefined && { plugins: DEVICE_PLUGINS }), resources: POD_RESOURCES },
    cpu: '500m',
    graceSeconds: 5,
    // A fake GPU node's process IDs are in its ledger: a restarted container would have the same ones again.
    hostPID: watch === undefined,
  });
}
