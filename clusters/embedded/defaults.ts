import type { ContainerSpec } from './pod.ts';
import { isExtended, parseQuantity } from './quantity.ts';
import type { KubeObject } from './store.ts';
import { StatusError } from './store.ts';

/** One field that validation refuses, as a Status cause has it. */
interface Cause {
  field: string;
  message: string;
}

/** DNS-1123: lower-case letters, digits, `-` and `.`. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Fills in what the API server fills in, and refuses what it refuses, for the kinds whose behaviour is relied on. */
export function admit(plural: string, object: KubeObject): KubeObject {
  const causes: Cause[] = [];
  if (plural !== 'events' && !NAME.test(object.metadata.name)) {
    causes.push({
      field: 'metadata.name',
      message: `Invalid value: "${object.metadata.name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`,
    });
  }
  let admitted = object;
  if (plural === 'pods')
    admitted = {
      ...object,
      spec: podSpec(object.spec, 'spec', causes),
      status: object.status ?? { phase: 'Pending', qosClass: 'BestEffort' },
    };
  if (plural === 'jobs') admitted = job(object, causes);
  if (plural === 'namespaces')
    admitted = {
      ...object,
      spec: { finalizers: ['kubernetes'], ...object.spec },
      status: { phase: 'Active', ...object.status },
    };
  if (plural === 'resourcequotas')
    admitted = {
      ...object,
      spec: object.spec ?? {},
      status: object.status ?? { hard: object.spec?.hard ?? {}, used: {} },
    };
  if (plural === 'secrets' && object.stringData) {
    const encoded = Object.entries(object.stringData as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]);
    const { stringData: _, ...rest } = object;
    admitted = {
      type: 'Opaque',
      ...rest,
      data: { ...object.data, ...Object.fromEntries(encoded) },
    } as KubeObject;
  }
  if (causes.length > 0) throw invalid(object, causes);
  return admitted;
}

function invalid(object: KubeObject, causes: readonly Cause[]): StatusError {
  const { name } = object.metadata;
  const text = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  return new StatusError(
    422,
    'Invalid',
    `${object.kind} "${name}" is invalid: ${causes.length > 1 ? `[${text}]` : text}`,
    {
      name,
      kind: object.kind,
      causes: causes.map((cause) => ({ reason: 'FieldValueInvalid', ...cause })),
    },
  );
}

function podSpec(spec: KubeObject['spec'], path: string, causes: Cause[]) {
  if (!spec?.containers?.length) {
    causes.push({ field: `${path}.containers`, message: 'Required value' });
    return spec;
  }
  const containers = (list: ContainerSpec[] | undefined, field: string) =>
    list?.map((container, index) => containerSpec(container, `${path}.${field}[${index}]`, causes));
  const init = containers(spec.initContainers, 'initContainers');
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    serviceAccountName: 'default',
    enableServiceLinks: true,
    ...spec,
    ...(init && { initContainers: init }),
    containers: containers(spec.containers, 'containers'),
  };
}

function containerSpec(container: ContainerSpec, path: string, causes: Cause[]): ContainerSpec {
  if (!container.name) causes.push({ field: `${path}.name`, message: 'Required value' });
  if (!container.image) causes.push({ field: `${path}.image`, message: 'Required value' });
  const limits = container.resources?.limits ?? {};
  // A limit without a request is the request.
  const requests = { ...limits, ...container.resources?.requests };
  for (const [resource, quantity] of Object.entries({ ...requests, ...limits })) {
    const field = `${path}.resources.limits[${resource}]`;
    try {
      const amount = parseQuantity(quantity);
      if (!isExtended(resource)) continue;
      if (!Number.isInteger(amount))
        causes.push({ field, message: `Invalid value: "${quantity}": must be an integer` });
      if (
        limits[resource] === undefined ||
        parseQuantity(limits[resource]) !== parseQuantity(requests[resource] ?? '')
      ) {
        causes.push({ field, message: `Invalid value: "${quantity}": must be equal to ${resource} request` });
      }
    } catch {
      causes.push({
        field,
        message: `Invalid value: "${quantity}": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
      });
    }
  }
  return {
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
    resources: { ...container.resources, ...(Object.keys(requests).length > 0 && { requests }) },
  } as ContainerSpec;
}

function job(object: KubeObject, causes: Cause[]): KubeObject {
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
