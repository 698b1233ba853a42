import type { ContainerAllocateResponse } from '../../kubelet-api/messages.ts';
import type { ContainerSpec } from '../pod.ts';
import type { KubeObject, Store } from '../store.ts';
import { ROOT_PROGRAMS } from './command.ts';

/** Of the host's environment, what a container's programs need to be found and to speak the right language. */
const INHERITED = ['HOME', 'LANG', 'TMPDIR'];

export const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

export interface EnvironmentSources {
  pod: KubeObject;
  container: ContainerSpec;
  given: readonly ContainerAllocateResponse[];
  store: Store;
  /** The machine's environment. */
  host: NodeJS.ProcessEnv;
  hostIp: string;
  podIp: string;
  root: string;
  /** What marks the process as the cluster's, for a sweep. */
  mark: Record<string, string>;
}

/**
 * A container's environment: what Allocate gave, under what the pod says, on a PATH that finds the container's own
 * programs before the host's. @throws Error where a key that is not optional is missing.
 */
export function environmentOf(sources: EnvironmentSources): Record<string, string> {
  const { container, given, host, mark, root } = sources;
  const env: Record<string, string> = {
    PATH: [...ROOT_PROGRAMS.map((folder) => `${root}/${folder}`), host.PATH ?? DEFAULT_PATH].join(':'),
    HOSTNAME: sources.pod.spec?.hostname ?? sources.pod.metadata.name,
    ORDEAL_ROOT: root,
    ...mark,
  };
  for (const name of INHERITED) if (host[name] !== undefined) env[name] = host[name];
  for (const { envs } of given) Object.assign(env, envs);
  for (const source of container.envFrom ?? []) Object.assign(env, dataOf(sources, source));
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found = valueFrom ? sourceValue(sources, valueFrom) : expand(value ?? '', env);
    if (found !== undefined) env[name] = found;
  }
  return env;
}

/** `$(NAME)` replaced where NAME is known, `$$` for a dollar. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\((\w+)\)/g, (found, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? found),
  );
}

interface ValueFrom {
  fieldRef?: { fieldPath: string };
  configMapKeyRef?: { name: string; key: string; optional?: boolean };
  secretKeyRef?: { name: string; key: string; optional?: boolean };
}

function sourceValue(sources: EnvironmentSources, from: ValueFrom): string | undefined {
  if (from.fieldRef) return fieldOf(sources, from.fieldRef.fieldPath);
  const reference = from.configMapKeyRef ?? from.secretKeyRef;
  if (!reference) throw new Error('the variable’s source is of no kind that is served here');
  const value = dataOf(
    sources,
    from.configMapKeyRef ? { configMapRef: reference } : { secretRef: reference },
  )[reference.key];
  if (value === undefined && !reference.optional)
    throw new Error(`couldn't find key ${reference.key} in ${reference.name}`);
  return value;
}

function fieldOf({ pod, hostIp, podIp }: EnvironmentSources, path: string): string {
  const [, kind, key] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path) ?? [];
  if (kind && key) return pod.metadata[kind as 'labels' | 'annotations']?.[key] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'spec.nodeName':
      return pod.spec.nodeName;
    case 'status.podIP':
      return podIp;
    case 'status.hostIP':
      return hostIp;
    default:
      throw new Error(`the field ${path} is not served here`);
  }
}

interface DataReference {
  name: string;
  optional?: boolean;
}

/** A ConfigMap's or Secret's entries as text. */
export function dataOf(
  { pod, store }: Pick<EnvironmentSources, 'pod' | 'store'>,
  { configMapRef, secretRef }: { configMapRef?: DataReference; secretRef?: DataReference },
): Record<string, string> {
  const reference = (configMapRef ?? secretRef) as DataReference;
  const plural = configMapRef ? 'configmaps' : 'secrets';
  const object = store.get(plural, pod.metadata.namespace, reference.name);
  if (!object && !reference.optional) throw new Error(`${plural.slice(0, -1)} "${reference.name}" not found`);
  const entries: [string, string][] = Object.entries(object?.data ?? {});
  return Object.fromEntries(
    entries.map(([key, value]) => [key, secretRef ? Buffer.from(value, 'base64').toString() : value]),
  );
}
