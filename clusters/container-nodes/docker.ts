/** What nodes that are containers need of Docker's command. Without Docker there are no containers and no networks. */
import { isIPv4 } from 'node:net';
import { OrdealError } from '../../harness/errors/error.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';

/** The containers with a label, in whatever state they are, by name. */
export async function containersWith(label: string, value: string): Promise<string[]> {
  return lines(['ps', '--all', '--filter', `label=${label}=${value}`, '--format', '{{.Names}}']);
}

/** Those of them that have ended, by name. */
export async function endedContainers(label: string, value: string): Promise<string[]> {
  const filters = ['--filter', `label=${label}=${value}`, '--filter', 'status=exited'];
  return lines(['ps', '--all', ...filters, '--format', '{{.Names}}']);
}

/**
 * The values that a label has on containers or on networks, each once.
 * @param among only on those that carry this label, as `KEY` or `KEY=VALUE`.
 */
export async function labelValues(
  what: 'container' | 'network',
  label: string,
  among: string = label,
): Promise<string[]> {
  const all = what === 'container' ? ['--all'] : [];
  const format = `{{.Label "${label}"}}`;
  const values = await lines([what, 'ls', ...all, '--filter', `label=${among}`, '--format', format]);
  return [...new Set(values)].sort();
}

/** The networks with a label, by name. */
export async function networksWith(label: string, value: string): Promise<string[]> {
  return lines(['network', 'ls', '--filter', `label=${label}=${value}`, '--format', '{{.Name}}']);
}

/** The networks without a label, by name. */
export async function networksWithout(label: string): Promise<string[]> {
  const listed = await lines(['network', 'ls', '--format', `{{.Name}} {{.Label "${label}"}}`]);
  return listed.filter((line) => line.endsWith(' ')).map((line) => line.trimEnd());
}

/** When a network was made, in milliseconds since the Unix epoch; undefined where there is none. */
export async function networkMadeAt(name: string): Promise<number | undefined> {
  const format = '{{.Created.Format "2006-01-02T15:04:05.000Z07:00"}}';
  const [made] = await lines(['network', 'inspect', '--format', format, name]);
  return made === undefined ? undefined : Date.parse(made);
}

/** The address that this machine has in a network, for its containers; undefined where there is no such network, or none. */
export async function networkGateway(name: string): Promise<string | undefined> {
  const format = '{{range .IPAM.Config}}{{println .Gateway}}{{end}}';
  // A network may have one of IPv6 as well.
  return (await lines(['network', 'inspect', '--format', format, name])).find(isIPv4);
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

/**
 * Deletes what the nodes wrote into their workers' folders, from inside of them: it is root's, and would stay where an
 * ordinary user's harness removes the folders. Nothing to do for root.
 */
export async function emptyWorkerFolders(
  containers: readonly string[],
  folders: readonly string[],
): Promise<void> {
  if (process.getuid?.() === 0) return;
  const command = ['find', ...folders, '-mindepth', '1', '-xdev', '-delete'];
  await Promise.all(containers.map((name) => tryRun(['docker', 'exec', name, ...command])));
}

async function lines(args: readonly string[]): Promise<string[]> {
  try {
    const answer = await tryRun(['docker', ...args]);
    return answer.exitCode === 0 ? answer.stdout.split('\n').filter((line) => line !== '') : [];
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return [];
    throw error;
  }
}
