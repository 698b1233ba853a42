import type { V1Affinity, V1EnvVar, V1Pod, V1SecurityContext } from '@kubernetes/client-node';
import { NODE_STATE } from '../container-nodes/folders.ts';

export interface NodePodShape {
  namespace: string;
  name: string;
  /** What it is, and what its container is called. */
  is: string;
  node: string;
  image: string;
  command: readonly string[];
  env?: readonly V1EnvVar[];
  /** Of the node, each at its own path, beside one of the pod's own; left out: neither. */
  folders?: Readonly<Record<string, string>>;
  /** Without a request it would have the least share of a busy node, and its timers would show that. */
  cpu: string;
  /** What it may take to end. */
  graceSeconds: number;
  /** After these its kubelet ends it, whatever became of the harness and of the API server. */
  deadlineSeconds: number;
  /** Whether it has the process IDs of the host. */
  hostPID?: boolean;
  /** Whether it is in its node's own network. */
  hostNetwork?: boolean;
  /** Of its container; what the namespace's level and the image say unless told. */
  securityContext?: V1SecurityContext;
}

/** A short-lived pod on one node that is someone's: of its files only some folders, and no token of the API. */
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
  const mounts = Object.entries(folders ?? {});
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
      hostNetwork: shape.hostNetwork ?? false,
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
          ...(shape.securityContext && { securityContext: shape.securityContext }),
          ...(folders && {
            volumeMounts: [
              { name: 'state', mountPath: NODE_STATE },
              ...mounts.map(([volume, mountPath]) => ({ name: volume, mountPath })),
            ],
          }),
        },
      ],
      ...(folders && {
        volumes: [
          { name: 'state', emptyDir: {} },
          ...mounts.map(([volume, path]) => ({ name: volume, hostPath: { path, type: 'Directory' } })),
        ],
      }),
    },
  };
}

/** Has the scheduler put a pod on this node and no other, whatever its labels are. */
function onNode(node: string): V1Affinity {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
      },
    },
  };
}
