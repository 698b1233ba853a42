import type { V1Pod } from '@kubernetes/client-node';
import { DEVICE_PLUGINS, NODE_STATE, POD_RESOURCES } from '../container-nodes/folders.ts';
import { GPU_NODE_NAME } from '../container-nodes/gpu-daemonset.ts';
import type { AgentConfig } from '../gpu-node/main.ts';
import { onNode } from './on-node.ts';

/** Where a kubelet keeps the emptyDir of the pod below, as the node names it. */
const OWN_STATE = '/var/lib/kubelet/pods/$(POD_UID)/volumes/kubernetes.io~empty-dir/state';

export interface GpuPodShape {
  namespace: string;
  name: string;
  node: string;
  image: string;
  /** After these its kubelet ends it, whatever became of the harness and of the API server. */
  deadlineSeconds: number;
  /** The resource of the vendor's plugin: nothing is faked then. */
  watch?: string;
}

/** The fake GPU node of one node that is someone's: of its files only the kubelet's own folders of sockets, and no API. */
export function gpuPod({ deadlineSeconds, image, name, namespace, node, watch }: GpuPodShape): V1Pod {
  const config: AgentConfig = {
    guest: true,
    ...(watch !== undefined && { watch }),
    nodes: [
      {
        name: node,
        stateDir: NODE_STATE,
        // The kubelet puts the variable in.
        hostStateDir: OWN_STATE,
        devicePluginDir: DEVICE_PLUGINS,
        podResourcesDir: POD_RESOURCES,
      },
    ],
  };
  // Who only watches has nothing to do with the plugins' sockets.
  const folders = {
    ...(watch === undefined && { plugins: DEVICE_PLUGINS }),
    resources: POD_RESOURCES,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/name': GPU_NODE_NAME, 'app.kubernetes.io/part-of': 'ordeal' },
    },
    spec: {
      // A fake GPU node's process IDs are in its ledger: a restarted container would have the same ones again.
      hostPID: watch === undefined,
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: deadlineSeconds,
      terminationGracePeriodSeconds: 5,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      affinity: onNode(node),
      containers: [
        {
          name: GPU_NODE_NAME,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '/ordeal/gpu-node.mjs'],
          // Without a request it would have the least share of a busy node, and its timers would show that.
          resources: { requests: { cpu: '500m' } },
          env: [
            { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
            { name: 'ORDEAL_GPU_CONFIG', value: JSON.stringify(config) },
          ],
          volumeMounts: [
            { name: 'state', mountPath: NODE_STATE },
            ...Object.entries(folders).map(([volume, mountPath]) => ({ name: volume, mountPath })),
          ],
        },
      ],
      volumes: [
        { name: 'state', emptyDir: {} },
        ...Object.entries(folders).map(([volume, path]) => ({
          name: volume,
          hostPath: { path, type: 'Directory' },
        })),
      ],
    },
  };
}
