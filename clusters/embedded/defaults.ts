import { type Cause, podSpec } from './pod-defaults.ts';
import { type KubeObject, StatusError } from './store.ts';
import { deployment, immutable, job, replicaSet } from './workload-defaults.ts';

/** DNS-1123: lower-case letters, digits, `-` and `.`. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * Fills in what the API server fills in, and refuses what it refuses, for the kinds whose behaviour is relied on.
 * `before` is what an update replaces.
 */
export function admit(plural: string, object: KubeObject, before?: KubeObject): KubeObject {
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
  if (plural === 'replicasets') admitted = replicaSet(object, causes);
  if (plural === 'deployments') admitted = deployment(object, causes);
  if (before) immutable(plural, before, object, causes);
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
