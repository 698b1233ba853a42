import type { V1Pod } from '@kubernetes/client-node';
import type { CatalogueEvents } from './events.ts';

type Look = Omit<CatalogueEvents['pod.looked'], 'scenario' | 'pod'>;

/** How a pod is by its status. */
export function lookOf(pod: V1Pod | undefined): Look {
  if (!pod) return { phase: 'gone', reason: '', message: '', restarts: 0, running: false };
  const { metadata, spec, status } = pod;
  const containers = status?.containerStatuses ?? [];
  const [main] = containers;
  return {
    ...(metadata?.uid !== undefined && { uid: metadata.uid }),
    phase: status?.phase ?? 'Pending',
    reason: status?.reason ?? '',
    message: status?.message ?? '',
    ...(main?.containerID !== undefined && { containerId: main.containerID }),
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    running:
      containers.length === spec?.containers.length &&
      containers.every(({ state }) => state?.running !== undefined),
  };
}
