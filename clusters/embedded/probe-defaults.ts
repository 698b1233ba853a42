import type { ContainerSpec, ProbeKind, ProbeSpec } from './pod.ts';
import type { Cause } from './pod-defaults.ts';

const HANDLERS = ['exec', 'httpGet', 'tcpSocket'] as const;
const PERIODS = ['periodSeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold'] as const;
export const PROBES: readonly ProbeKind[] = ['livenessProbe', 'readinessProbe', 'startupProbe'];

/** A container's probes with every default; those that it does not have stay away. */
export function withProbeDefaults(container: ContainerSpec, path: string, causes: Cause[]) {
  return Object.fromEntries(
    PROBES.flatMap((kind) => {
      const probe = container[kind];
      return probe ? [[kind, probeSpec(kind, probe, `${path}.${kind}`, causes)]] : [];
    }),
  );
}

function probeSpec(kind: ProbeKind, given: Partial<ProbeSpec>, path: string, causes: Cause[]) {
  const probe = { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3, ...given };
  const handlers = HANDLERS.filter((handler) => probe[handler]);
  if (handlers.length === 0)
    causes.push({ field: path, message: 'Required value: must specify a handler type' });
  for (const handler of handlers.slice(1)) {
    const message = 'Forbidden: may not specify more than 1 handler type';
    causes.push({ field: `${path}.${handler}`, message });
  }
  for (const field of PERIODS) {
    const message = `Invalid value: ${probe[field]}: must be greater than 0`;
    if (probe[field] <= 0) causes.push({ field: `${path}.${field}`, message });
  }
  if (kind !== 'readinessProbe' && probe.successThreshold !== 1) {
    const message = `Invalid value: ${probe.successThreshold}: must be 1`;
    causes.push({ field: `${path}.successThreshold`, message });
  }
  if (kind === 'readinessProbe' && probe.terminationGracePeriodSeconds !== undefined) {
    const message = `Invalid value: ${probe.terminationGracePeriodSeconds}: must not be set for readinessProbes`;
    causes.push({ field: `${path}.terminationGracePeriodSeconds`, message });
  }
  const { httpGet } = probe;
  return { ...probe, ...(httpGet && { httpGet: { path: '/', scheme: 'HTTP', ...httpGet } }) };
}
