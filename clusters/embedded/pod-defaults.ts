import type { ContainerSpec } from './pod.ts';
import { withProbeDefaults } from './probe-defaults.ts';
import { isExtended, parseQuantity } from './quantity.ts';
import type { KubeObject } from './store.ts';

/** One field that validation refuses, as a Status cause has it. */
export interface Cause {
  field: string;
  message: string;
}

/** A pod's spec, or a template's, with every default. */
export function podSpec(spec: KubeObject['spec'], path: string, causes: Cause[]) {
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
    ...withProbeDefaults(container, path, causes),
    resources: { ...container.resources, ...(Object.keys(requests).length > 0 && { requests }) },
  } as ContainerSpec;
}
