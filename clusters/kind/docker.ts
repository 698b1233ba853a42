import { OrdealError } from '../../harness/errors/error.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';

/** kind's label on every container of a cluster; the value is the cluster's name. */
const CLUSTER_LABEL = 'io.x-k8s.kind.cluster';
/** What the names of all clusters and networks made here begin with. */
export const OWN_PREFIX = 'ordeal-';

/** The node containers of a cluster by name; empty where there is none, or no Docker. */
export async function nodeContainers(cluster: string): Promise<string[]> {
  return lines(['ps', '--all', '--filter', `label=${CLUSTER_LABEL}=${cluster}`, '--format', '{{.Names}}']);
}

/** kind clusters made here, whatever state they are in, and networks that one of them left. */
export async function ownClusters(): Promise<string[]> {
  const labels = await lines([
    'ps',
    '--all',
    '--filter',
    `label=${CLUSTER_LABEL}`,
    '--format',
    `{{.Label "${CLUSTER_LABEL}"}}`,
  ]);
  const networks = await lines(['network', 'ls', '--format', '{{.Name}}']);
  return [...new Set([...labels, ...networks])].filter((name) => name.startsWith(OWN_PREFIX)).sort();
}

/** Where on this machine a folder in a container comes from. */
export async function mountSource(container: string, path: string): Promise<string | undefined> {
  const format = `{{range .Mounts}}{{if eq .Destination "${path}"}}{{.Source}}{{end}}{{end}}`;
  const [source] = await lines(['inspect', '--format', format, container]);
  return source;
}

/** True where there was one. */
export async function removeNetwork(name: string): Promise<boolean> {
  const [there] = await lines(['network', 'ls', '--filter', `name=^${name}$`, '--format', '{{.Name}}']);
  if (!there) return false;
  await run(['docker', 'network', 'rm', name]);
  return true;
}

export async function cgroupVersion(): Promise<'v1' | 'v2'> {
  const answer = await run(['docker', 'info', '--format', '{{.CgroupVersion}}']);
  return answer.stdout.trim() === '1' ? 'v1' : 'v2';
}

async function lines(args: string[]): Promise<string[]> {
  try {
    const answer = await tryRun(['docker', ...args]);
    return answer.exitCode === 0 ? answer.stdout.split('\n').filter((line) => line !== '') : [];
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return [];
    throw error;
  }
}
