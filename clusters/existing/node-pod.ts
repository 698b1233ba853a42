import type { V1EnvVar, V1Pod } from '@kubernetes/client-node';
import { NODE_STATE } from '../container-nodes/folders.ts';
import { onNode } from './on-node.ts';

export interface NodePodShape {
  namespace: string;
  name: string;
  /** What it is, and what its container is called. */
  is: string;
  node: string;
  image: string;
  command: readonly string[];
  env?: readonly V1EnvVar[];
  /** Of the node, each at its own path. */
  folders: Readonly<Record<string, string>>;
  /** Without a request it would have the least share of a busy node, and its timers would show that. */
  cpu: string;
  /** What it may take to end. */
  graceSeconds: number;
  /** After these its kubelet ends it, whatever became of the harness and of the API server. */
  deadlineSeconds: number;
  /** Whether it has the process IDs of the host. */
  hostPID?: boolean;
}

/** A short-lived pod on one node that is someone's: of its files only some folders, no API, and its own in an emptyDir. */
export function nodePod({
  command,
  env = [],
  folders,
  is,
  namespace,
  name,
  node,
  ...shape
}: NodePodShape): V1Pod {
  const mounts = Object.entries(folders);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/name': is, 'app.kubernetes.io/part-of': 'ordeal' },
    },
    spec: {
      hostPID: shape.hostPID ?? false,
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: shape.deadlineSeconds,
      terminationGracePeriodSeconds: shape.graceSeconds,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      affinity: onNode(node),
      containers: [
        {
          name: is,
          image: shape.image,
          imagePullPolicy: 'IfNotPresent',
          command: [...command],
          resources: { requests: { cpu: shape.cpu } },
          env: [...env],
          volumeMounts: [
            { name: 'state', mountPath: NODE_STATE },
            ...mounts.map(([volume, mountPath]) => ({ name: volume, mountPath })),
          ],
        },
      ],
      volumes: [
        { name: 'state', emptyDir: {} },
        ...mounts.map(([volume, path]) => ({ name: volume, hostPath: { path, type: 'Directory' } })),
      ],
    },
  };
}
