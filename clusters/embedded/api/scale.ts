import { selectorText } from '../label-selector.ts';
import type { KubeObject } from '../store.ts';

/** An object's subresource `scale`, of autoscaling/v1. */
export function scaleOf({ metadata, spec, status }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, ...(namespace && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(spec.selector) },
  };
}

/** The object with the size that a Scale asks for, and the version that it was asked of. */
export function scaledTo(object: KubeObject, scale: KubeObject): KubeObject {
  const { resourceVersion } = scale.metadata;
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion },
    spec: { ...object.spec, replicas: scale.spec?.replicas ?? 0 },
  };
}
