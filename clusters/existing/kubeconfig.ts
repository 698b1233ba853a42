import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import { apiStatus, connect, type Kube } from '../../harness/kube/client.ts';

/** A context of a kubeconfig, found; nothing of its credentials. */
export interface Context {
  name: string;
  /** Absolute path of the file that has it. */
  kubeconfig: string;
  /** Scheme, host and port of its API server: a path may be a secret. */
  server: string;
}

/** Where kubectl would look: the file named, else `$KUBECONFIG` (one or more paths), else `~/.kube/config`. */
function kubeconfigPaths(named: string | undefined, env: NodeJS.ProcessEnv): string[] {
  if (named !== undefined) return [resolve(named)];
  const paths = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  return paths.length > 0 ? paths.map((path) => resolve(path)) : [join(homedir(), '.kube', 'config')];
}

/**
 * Finds a context by its name. What stands in a kubeconfig beside names is in no message.
 * @throws OrdealError KUBECONFIG_UNREADABLE, CONTEXT_UNKNOWN (exit 3).
 */
export function findContext(
  name: string,
  named: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Context {
  const paths = kubeconfigPaths(named, env);
  const known: string[] = [];
  for (const path of paths) {
    const config = read(path);
    const context = config.getContextObject(name);
    const server = context && config.getCluster(context.cluster)?.server;
    if (server) return { name, kubeconfig: path, server: originOf(server, path) };
    known.push(...config.getContexts().map((other) => other.name));
  }
  throw new OrdealError({
    code: 'CONTEXT_UNKNOWN',
    exit: EXIT.usage,
    tried: `finding the context ${name} in ${paths.join(', ')}`,
    seen: known.length > 0 ? `there are ${known.join(', ')}` : 'there is no context',
    todo: 'give the name of one of its contexts, or the file that has it with --kubeconfig FILE',
  });
}

function read(path: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
    return config;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A parser's own words quote the file. */
function unreadable(path: string, error: unknown): OrdealError {
  const { code } = error as NodeJS.ErrnoException;
  return new OrdealError({
    code: 'KUBECONFIG_UNREADABLE',
    exit: EXIT.usage,
    tried: `reading the kubeconfig ${path}`,
    seen: typeof code === 'string' ? `it cannot be read (${code})` : 'it is no valid kubeconfig',
    todo: 'give the path of a kubeconfig with --kubeconfig FILE; `kubectl config view` checks one',
  });
}

function originOf(server: string, path: string): string {
  try {
    const { origin, protocol } = new URL(server);
    if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError('no API server speaks that');
    return origin;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Connects to a context's API server. What the client library says of a failure may hold the server's path, and is left out.
 * @throws OrdealError CLUSTER_UNREACHABLE (exit 4).
 */
export async function connectTo({ kubeconfig, name, server }: Context): Promise<Kube> {
  try {
    return await connect(kubeconfig, name);
  } catch (error) {
    throw new OrdealError({
      code: 'CLUSTER_UNREACHABLE',
      exit: EXIT.unable,
      tried: `reaching ${server} by the context ${name}`,
      seen: whyUnreachable(error),
      todo: `run \`kubectl --context ${name} version\` to see whether the server and the credentials are right`,
    });
  }
}

function whyUnreachable(error: unknown): string {
  const cause = error instanceof OrdealError ? error.cause : error;
  const status = apiStatus(cause);
  if (status !== undefined) return `it answered ${status}`;
  const { code } = cause as NodeJS.ErrnoException;
  const said =
    typeof code === 'string' ? code : /\b(E[A-Z]{4,}|certificate[\w ]*)\b/.exec(messageOf(cause))?.[0];
  return said ?? 'no answer came';
}
