import type { V1Affinity } from '@kubernetes/client-node';

/** Leaves a pod to the scheduler, among these nodes alone, by their hostnames. */
export function onlyOn(nodes: readonly string[]): V1Affinity {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [...nodes] }];
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    },
  };
}
