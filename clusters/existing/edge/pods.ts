import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { onNode } from '../on-node.ts';

/** Of each pod's only container. */
export const CONTAINER = 'toolbox';

/**
 * A pod's first process, with our nft table's name: whoever ends the pod, a node's own network is healed before it is gone,
 * and again where its container was killed and comes back.
 */
const LIFE = [
  'heal() { nft delete table inet "$1" 2>/dev/null; }',
  `trap 'heal "$1"; exit 0' TERM INT`,
  'heal "$1"',
  'while :; do sleep 3600 & wait $!; done',
].join('\n');
/** Of a pod that changes nothing. */
const IDLE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done";

/** What a pod of the run does where it is. */
export type Role =
  /** Serves what the cloud serves to pods, in the pod network. */
  | 'cloud'
  /** Serves what the cloud serves to hosts, by its node's own network. */
  | 'cloud-host'
  /** Looks and cuts in its node's own network: of its privileges it has NET_ADMIN, to hold a table of nftables there. */
  | 'edge';

interface EdgePodShape {
  name: string;
  namespace: string;
  node: string;
  role: Role;
  image: string;
  deadlineSeconds: number;
  /** Our nft table on the edge nodes. */
  table: string;
}

/** Without a token of the API and a file of its node. */
export function edgePod({ deadlineSeconds, image, name, namespace, node, role, table }: EdgePodShape): V1Pod {
  const cuts = role === 'edge';
  const spec: V1PodSpec = {
    hostNetwork: role !== 'cloud',
    restartPolicy: 'OnFailure',
    activeDeadlineSeconds: deadlineSeconds,
    terminationGracePeriodSeconds: 5,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    affinity: onNode(node),
    containers: [
      {
        name: CONTAINER,
        image,
        imagePullPolicy: 'IfNotPresent',
        command: cuts ? ['sh', '-c', LIFE, 'ordeal-toolbox', table] : ['sh', '-c', IDLE],
        // Without a request it would have the least share of a busy node, and its timers would show that.
        resources: { requests: { cpu: '100m' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], ...(cuts && { add: ['NET_ADMIN'] }) },
        },
      },
    ],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'ordeal' } },
    spec,
  };
}
