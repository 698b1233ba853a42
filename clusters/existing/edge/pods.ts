import type { V1Pod } from '@kubernetes/client-node';
import { nodePod } from '../node-pod.ts';

/** What a pod's only container is called. */
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
  return nodePod({
    ...{ name, namespace, is: CONTAINER, node, image, deadlineSeconds },
    command: cuts ? ['sh', '-c', LIFE, 'ordeal-toolbox', table] : ['sh', '-c', IDLE],
    hostNetwork: role !== 'cloud',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], ...(cuts && { add: ['NET_ADMIN'] }) },
    },
    cpu: '100m',
    graceSeconds: 5,
  });
}
