import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { run, tryRun } from '../../../harness/exec/exec.ts';
import type { Host } from '../netns/host.ts';
import { keeperLives, type LabMark } from '../netns/names.ts';
import { AgentClient } from './agent/client.ts';

/** On every keeper; the value is its owner, `PID.BIRTH`. */
const OWNER_LABEL = 'ordeal.network.owner';
const STARTED_MS = 30_000;
/** Where the toolbox image has the harness's programs. */
const PROGRAMS = '/ordeal';

/**
 * What the commands of a lab need, and no more: to enter a namespace and mount there (SYS_ADMIN), to change its links
 * (NET_ADMIN), to relay frames (NET_RAW), to serve on a port below 1,024 (NET_BIND_SERVICE). The nodes' namespaces are
 * mounted, so that none of the machine's processes has to be seen. Docker's profiles forbid mounts whatever the
 * capabilities, and its read-only /proc/sys the settings of a node's interfaces, and so do not apply.
 */
const PRIVILEGES = [
  '--cap-drop=ALL',
  ...['SYS_ADMIN', 'NET_ADMIN', 'NET_RAW', 'NET_BIND_SERVICE'].map((name) => `--cap-add=${name}`),
  '--security-opt=apparmor=unconfined',
  '--security-opt=seccomp=unconfined',
  '--security-opt=systempaths=unconfined',
  '--network=none',
];

/** Does as it is told until the lifeline ends, and stays until the dead-men of faults, which are in it, have healed the nodes. */
const LIFE = `node ${PROGRAMS}/keeper.mjs; while pgrep -f "[o]rdeal-dead-man" >/dev/null; do sleep 0.2; done`;

/** A node's container, and the name that its network namespace gets in the keeper. */
interface Kept {
  container: string;
  namespace: string;
}

/**
 * The container that a lab over nodes' containers is kept by: what it made is in its own mount and PID namespace, and goes
 * with it. It ends with this process, however that goes, once nothing in it has a fault to heal.
 */
export class Keeper {
  readonly name: string;
  readonly #mark: LabMark;
  #agent: AgentClient | undefined;

  constructor(mark: LabMark) {
    this.#mark = mark;
    this.name = `ordeal-keeper-${mark.id}`;
  }

  /** @throws OrdealError NETWORK_KEEPER_FAILED (exit 4); the signal's reason when that aborts. */
  async start(image: string, nodes: readonly Kept[], signal?: AbortSignal): Promise<void> {
    const mounts: string[] = [];
    for (const { container, namespace } of nodes) {
      mounts.push(`--volume=${await networkNamespace(container)}:/run/netns/${namespace}`);
    }
    signal?.throwIfAborted();
    const label = `--label=${OWNER_LABEL}=${this.#mark.keeper}`;
    const argv = [
      ...['docker', 'run', '--rm', '--interactive', `--name=${this.name}`, label],
      ...[...PRIVILEGES, '--device=/dev/net/tun', ...mounts],
      ...[image, 'sh', '-c', LIFE],
    ];
    const agent = new AgentClient(argv, (seen) => failed(this.name, seen));
    this.#agent = agent;
    await agent.readyWithin(STARTED_MS, signal);
  }

  get host(): Host {
    return {
      enter: ['docker', 'exec', '--interactive', this.name],
      exec: (argv, options) => this.#started().exec(argv, options),
      programs: { node: 'node', folder: PROGRAMS, scratch: '/tmp' },
    };
  }

  /** Whether it still does what it is told to. */
  async lives(): Promise<boolean> {
    const answered = await this.#agent?.exec(['true']).catch(() => undefined);
    return answered !== undefined;
  }

  /** Ends it and everything in it. Safe to repeat. */
  async remove(): Promise<void> {
    // With the lifeline it ends also where Docker was still about to start it.
    const ended = this.#agent?.end(STARTED_MS);
    await removeContainer(this.name);
    await ended;
  }

  #started(): AgentClient {
    if (this.#agent) return this.#agent;
    throw failed(this.name, 'it was not started');
  }
}

/** Removes the keepers whose process is gone; names each. */
export async function sweepKeepers(): Promise<string[]> {
  const format = `{{.Names}} {{.Label "${OWNER_LABEL}"}}`;
  const listing = ['docker', 'ps', '--all', '--filter', `label=${OWNER_LABEL}`, '--format', format];
  const listed = await tryRun(listing).catch((error: unknown) => {
    // Without Docker there are none.
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return undefined;
    throw error;
  });
  const removed: string[] = [];
  for (const line of listed?.exitCode === 0 ? listed.stdout.split('\n') : []) {
    const [name, keeper] = line.split(' ');
    if (!name || !keeper || keeperLives({ id: '', keeper })) continue;
    await removeContainer(name);
    removed.push(`network keeper ${name}`);
  }
  return removed;
}

async function removeContainer(name: string): Promise<void> {
  const { exitCode, stderr } = await tryRun(['docker', 'rm', '--force', name]);
  if (exitCode === 0 || /No such container|already in progress/.test(stderr)) return;
  throw failed(name, stderr.trim());
}

/** Where Docker keeps a container's network namespace, on the machine that Docker is on. */
async function networkNamespace(container: string): Promise<string> {
  const format = '{{.NetworkSettings.SandboxKey}}';
  const { stdout } = await run(['docker', 'inspect', '--format', format, container]);
  if (stdout !== '') return stdout;
  throw failed(container, 'it has no network namespace: it does not run');
}

function failed(container: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'NETWORK_KEEPER_FAILED',
    exit: EXIT.unable,
    tried: `keeping the network of a cluster’s nodes, at the container ${container}`,
    seen,
    todo: 'see that Docker runs and lends the capability SYS_ADMIN and the device /dev/net/tun; `ordeal clean` removes what is left',
  });
}
