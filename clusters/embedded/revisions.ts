import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { controllerReference } from './owners.ts';
import { safeLetters } from './safe-letters.ts';
import type { KubeObject } from './store.ts';

const HASH = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
/** On a ReplicaSet: the Deployment's size when it was last scaled, without and with surge. */
export const DESIRED = 'deployment.kubernetes.io/desired-replicas';
export const MOST = 'deployment.kubernetes.io/max-replicas';

export function byAge(sets: readonly KubeObject[]): KubeObject[] {
  const made = ({ metadata }: KubeObject) => `${metadata.creationTimestamp} ${metadata.name}`;
  return [...sets].sort((a, b) => (made(a) < made(b) ? -1 : 1));
}

/** The ReplicaSet whose pods are as the Deployment's template has them now; the oldest where there are several. */
export function currentSet(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  return byAge(sets).find((set) =>
    isDeepStrictEqual(bare(set.spec.template), bare(deployment.spec.template)),
  );
}

/** A template without the label that tells the revisions' pods apart. */
function bare(template: KubeObject['spec']) {
  const { [HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

export function revisionOf(set: KubeObject | undefined): number {
  return Number(set?.metadata.annotations?.[REVISION] ?? 0);
}

export function nextRevision(sets: readonly KubeObject[]): number {
  return Math.max(0, ...sets.map(revisionOf)) + 1;
}

/** The ReplicaSet that a Deployment makes for its present template. */
export function setOf(deployment: KubeObject, replicas: number) {
  const { minReadySeconds, selector, template } = deployment.spec;
  const { name, namespace } = deployment.metadata;
  const hash = safeLetters(createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 20));
  const labels = { ...template.metadata?.labels, [HASH]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace && { namespace }),
      labels,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds !== undefined && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
