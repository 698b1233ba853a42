import type { V1Affinity } from '@kubernetes/client-node';

/** Has the scheduler put a pod on this node and no other, whatever its labels are. */
export function onNode(node: string): V1Affinity {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
      },
    },
  };
}
