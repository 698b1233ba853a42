/** What tests of network faults do with a link: talk through it, hold a fault on it, and look at its kernels. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeLink, Endpoint, Hop, KernelPath } from '../../../clusters/network/port.ts';
import type { Cluster } from '../../../clusters/port.ts';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import type { History } from '../../../harness/history/event.ts';
import { memoryRecorder } from '../../../harness/history/writer.ts';
import type { Fault, FaultContext } from '../../port.ts';
import { within } from '../../testing/within.ts';
import { FaultKeeper, type HoldOptions } from '../../wrapper.ts';
import { startAt } from '../background.ts';

export function kernelOf(link: EdgeLink): KernelPath {
  if (link.path.kind !== 'kernel') throw new TypeError(`${link.node} has no kernel path`);
  return link.path;
}

/** Echoes of TCP and UDP on the ports of the lab's services, until the lab goes down. */
export async function serve(cloud: Hop, link: EdgeLink): Promise<void> {
  const { echo, mqtt } = link.byHost;
  startAt(cloud, ['socat', `TCP4-LISTEN:${mqtt.port},fork,reuseaddr`, 'PIPE']);
  startAt(cloud, ['socat', `UDP4-RECVFROM:${echo.port},fork`, 'PIPE']);
  await waitFor(() => answers(link, mqtt), { what: 'the cloud’s echo', deadlineMs: 20_000 });
}

/** Whether a connection from the edge to a TCP echo brings back what it said, within about a second. */
export async function answers(link: EdgeLink, { host, port }: Endpoint): Promise<boolean> {
  const argv = ['socat', '-t1', '-T1', '-', `TCP4:${host}:${port},connect-timeout=1`];
  const { stdout } = await kernelOf(link).edge.exec(argv, { input: 'hello' });
  return stdout === 'hello';
}

/** Asks until it is answered: a busy machine may take longer than one question waits. What is cut never answers. */
export async function lives(asked: () => Promise<boolean>, what: string): Promise<void> {
  await waitFor(asked, { what: `an answer ${what}`, deadlineMs: 5_000 });
}

/** Sends UDP datagrams of so many bytes to the cloud by the host network, at once. */
export async function send(link: EdgeLink, count: number, bytes = 100): Promise<void> {
  const { host, port } = link.byHost.echo;
  // A block of what socat reads is a datagram.
  const argv = ['socat', '-u', '-b', String(bytes), '-', `UDP4:${host}:${port}`];
  await kernelOf(link).edge.exec(argv, { input: 'x'.repeat(count * bytes) });
}

/** All of the kernels' state that a fault of a link may touch. */
export async function kernelState(link: EdgeLink): Promise<string> {
  const { cloud, edge, nic } = kernelOf(link);
  const state: string[] = [];
  for (const hop of [edge, nic, cloud]) {
    for (const argv of [
      ['tc', 'qdisc', 'show'],
      ['nft', 'list', 'ruleset'],
      ['ip', '-br', 'link', 'show'],
    ]) {
      state.push((await hop.exec(argv)).stdout);
    }
  }
  return state.join('\n');
}

/** A journal folder of the test's own, and faults held in it. */
export class Ground {
  readonly #state = mkdtempSync(join(tmpdir(), 'network-faults-test-'));
  readonly #before = process.env.XDG_STATE_HOME;

  constructor() {
    process.env.XDG_STATE_HOME = this.#state;
  }

  /** Any fault of the link may be held in it. */
  context(...faults: Fault[]): FaultContext {
    return {
      cluster: { nodes: [] as Cluster['nodes'] } as Cluster,
      recorder: memoryRecorder(systemClock),
      clock: systemClock,
      signal: new AbortController().signal,
      runId: 'r',
      radius: within(...faults),
      deadlineWall: systemClock.wall() + 120_000,
    };
  }

  /** Holds a fault while the work is done; the history of it. */
  async hold(
    fault: Fault,
    work: () => Promise<void>,
    more: Partial<FaultContext> = {},
    options: HoldOptions = {},
  ): Promise<History> {
    const context = { ...this.context(fault), ...more };
    await new FaultKeeper(context).hold(fault, work, { pollMs: 50, goneDeadlineMs: 5_000, ...options });
    return context.recorder.events;
  }

  get journalFolder(): string {
    return join(this.#state, 'ordeal', 'journal');
  }

  journalled(): string[] {
    return readdirSync(this.journalFolder);
  }

  end(): void {
    if (this.#before === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = this.#before;
    rmSync(this.#state, { recursive: true, force: true });
  }
}

/** A link whose hops run each command through this first: a poorer kernel, or one that fails. */
export function through(link: EdgeLink, exec: (hop: Hop) => Hop['exec'], more: Partial<Hop> = {}): EdgeLink {
  const { cloud, edge, nic } = kernelOf(link);
  const hop = (real: Hop): Hop => ({ ...real, ...more, exec: exec(real) });
  const path = { ...kernelOf(link), edge: hop(edge), nic: hop(nic), cloud: hop(cloud) };
  return new Proxy(link, {
    get: (target, name) => {
      if (name === 'path') return path;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Whether a command changes a kernel; a probe in a namespace of its own does not. */
export function changing(argv: readonly string[]): boolean {
  const line = argv.join(' ');
  return / (add|set|-f) /.test(line) && !/ -c |unshare/.test(line);
}

/** As if the link's kernels had no nftables. */
export function withoutNft(link: EdgeLink): EdgeLink {
  return through(link, (hop) => async (argv, options) => {
    if (argv[0] === 'nft') return { exitCode: 1, stdout: '', stderr: 'Operation not supported' };
    return await hop.exec(argv, options);
  });
}
