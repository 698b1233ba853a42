import { isDeepStrictEqual } from 'node:util';
import { type LabelSelector, selects } from './label-selector.ts';
import { type Cause, podSpec } from './pod-defaults.ts';
import type { KubeObject } from './store.ts';

export function job(object: KubeObject, causes: Cause[]): KubeObject {
  const spec = object.spec ?? {};
  const labels = {
    'batch.kubernetes.io/controller-uid': object.metadata.uid,
    'batch.kubernetes.io/job-name': object.metadata.name,
    'controller-uid': object.metadata.uid,
    'job-name': object.metadata.name,
  };
  const template = spec.template ?? {};
  const policy = template.spec?.restartPolicy;
  if (policy !== 'Never' && policy !== 'OnFailure') {
    causes.push({
      field: 'spec.template.spec.restartPolicy',
      message: `Required value: valid values: "OnFailure", "Never"`,
    });
  }
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) {
    causes.push({ field: 'spec.completions', message: 'Required value: when completion mode is Indexed' });
  }
  const parallelism = spec.parallelism ?? 1;
  return {
    ...object,
    spec: {
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      ...spec,
      parallelism,
      ...(spec.completions === undefined && spec.parallelism === undefined ? { completions: 1 } : {}),
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': object.metadata.uid } },
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
        spec: podSpec(template.spec, 'spec.template.spec', causes),
      },
    },
    status: object.status ?? {},
  };
}

export function replicaSet(object: KubeObject, causes: Cause[]): KubeObject {
  const spec = { ...object.spec, replicas: object.spec?.replicas ?? 1 };
  return {
    ...object,
    spec: { ...spec, template: scaledTemplate(spec, causes) },
    status: object.status ?? { replicas: 0 },
  };
}

export function deployment(object: KubeObject, causes: Cause[]): KubeObject {
  const { replicas, revisionHistoryLimit, progressDeadlineSeconds, ...rest } = object.spec ?? {};
  const spec = {
    ...rest,
    replicas: replicas ?? 1,
    revisionHistoryLimit: revisionHistoryLimit ?? 10,
    progressDeadlineSeconds: progressDeadlineSeconds ?? 600,
    strategy: strategy(rest.strategy, causes),
  };
  return {
    ...object,
    spec: { ...spec, template: scaledTemplate(spec, causes) },
    status: object.status ?? {},
  };
}

/** What an update may not touch. */
export function immutable(plural: string, before: KubeObject, after: KubeObject, causes: Cause[]): void {
  if (plural !== 'deployments' && plural !== 'replicasets') return;
  if (isDeepStrictEqual(before.spec.selector, after.spec?.selector)) return;
  causes.push({
    field: 'spec.selector',
    message: `Invalid value: ${JSON.stringify(after.spec?.selector)}: field is immutable`,
  });
}

function strategy(given: KubeObject['spec'], causes: Cause[]) {
  const type = given?.type ?? 'RollingUpdate';
  const field = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate') {
    if (given.rollingUpdate) {
      const message = "Forbidden: may not be specified when strategy `type` is 'Recreate'";
      causes.push({ field, message });
    }
    return { type };
  }
  const rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...given?.rollingUpdate };
  const zero = (limit: number | string) => Number.parseFloat(String(limit)) === 0;
  if (zero(rollingUpdate.maxSurge) && zero(rollingUpdate.maxUnavailable)) {
    const message = 'Invalid value: 0: may not be 0 when `maxSurge` is 0';
    causes.push({ field: `${field}.maxUnavailable`, message });
  }
  return { type, rollingUpdate };
}

/** The template of pods that are there to stay, and that their selector finds again. */
function scaledTemplate(
  {
    replicas,
    selector,
    template = {},
  }: { replicas: number; selector?: LabelSelector; template?: KubeObject['spec'] },
  causes: Cause[],
) {
  if (!Number.isInteger(replicas) || replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    causes.push({ field: 'spec.replicas', message });
  }
  if (!selector) causes.push({ field: 'spec.selector', message: 'Required value' });
  else if (!selects(selector, template.metadata?.labels)) {
    const labels = JSON.stringify(template.metadata?.labels ?? null);
    const message = `Invalid value: ${labels}: \`selector\` does not match template \`labels\``;
    causes.push({ field: 'spec.template.metadata.labels', message });
  }
  const policy = template.spec?.restartPolicy ?? 'Always';
  if (policy !== 'Always') {
    const message = `Unsupported value: "${policy}": supported values: "Always"`;
    causes.push({ field: 'spec.template.spec.restartPolicy', message });
  }
  // Clients send `creationTimestamp: null` or leave it out, and mean the same template.
  const { creationTimestamp: _, ...metadata } = template.metadata ?? {};
  return { ...template, metadata, spec: podSpec(template.spec, 'spec.template.spec', causes) };
}
