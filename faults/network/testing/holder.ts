/**
 * Holds a fault of a link whose namespaces are another process's, to be killed in the middle of it:
 * `holder.ts '{…Holding}'`. It writes where it has come to, a line each, and at the end its history.
 */

import type { EdgeLink, Hop, KernelPath } from '../../../clusters/network/port.ts';
import type { Cluster } from '../../../clusters/port.ts';
import { systemClock } from '../../../harness/clock/clock.ts';
import { tryRun } from '../../../harness/exec/exec.ts';
import { memoryRecorder } from '../../../harness/history/writer.ts';
import type { Fault } from '../../port.ts';
import { within } from '../../testing/within.ts';
import { FaultKeeper } from '../../wrapper.ts';
import { checksumCorruption } from '../checksum-corruption.ts';
import { natRebind } from '../nat-rebind.ts';
import { NetemWith, netem } from '../netem.ts';
import { offloadDefect } from '../offload-defect.ts';
import { partition } from '../partition.ts';
import { tunnelRestart } from '../tunnel-restart.ts';
import { changing, through, withoutNft } from './ground.ts';

/** Faults by every mechanism of a kernel. */
export const HELD = {
  'tc redirect and a veth pair (offload defect)': (on) => offloadDefect('h', { match: 'tunnel' }, on),
  'nftables (partition)': (on) => partition('h', { direction: 'both', match: 'all' }, on),
  'nftables at the receiver (corruption)': (on) =>
    checksumCorruption('h', { share: 30, direction: 'both', match: 'all' }, on),
  'nftables (NAT rebind)': (on) => natRebind('h', { port: 40_820 }, on),
  'classic BPF (partition)': (on) => partition('h', { direction: 'both', match: 'all' }, withoutNft(on)),
  'tc htb and tbf (a rate of the tunnel)': (on) =>
    netem('h', NetemWith.parse({ rate: 64, match: 'tunnel', direction: 'to-cloud' }), on),
  'tc netem': (on) => netem('h', NetemWith.parse({ delay: '20ms' }), on),
  'the tunnel’s end (restart)': (on) => tunnelRestart('h', {}, on),
} satisfies Record<string, (on: EdgeLink) => Fault>;

/**
 * Where it stops: before the first command that changes something, after it, with it on its way (it comes two seconds later,
 * whatever becomes of this process, and leaves a file), or with the fault injected; or not at all.
 */
export type Stop = 'before' | 'within' | 'in flight' | 'after' | 'never';

export interface Holding {
  fault: keyof typeof HELD;
  stop: Stop;
  runId: string;
  leaseMs: number;
  /** How long the fault is held where nothing stops it. */
  workMs: number;
  /** Made when what was in flight has arrived. */
  arrived: string;
  namespaces: Record<'edge' | 'nic' | 'cloud', string>;
  path: Pick<KernelPath, 'interfaces' | 'tunnelPort'>;
}

async function main({ arrived, fault, leaseMs, namespaces, path, runId, stop, workMs }: Holding) {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const halt = async (): Promise<never> => {
    say('stopped');
    return await new Promise(() => undefined);
  };
  const hop = (name: keyof typeof namespaces): Hop => {
    const enter = ['ip', 'netns', 'exec', namespaces[name]];
    return { name, enter, machine: [], exec: (argv, more) => tryRun([...enter, ...argv], more) };
  };
  const [edge, nic, cloud] = [hop('edge'), hop('nic'), hop('cloud')];
  const real = { node: 'edge-1', path: { kind: 'kernel', edge, nic, cloud, ...path } } as unknown as EdgeLink;
  const link = through(real, ({ exec }) => async (argv, more) => {
    if (!changing(argv)) return await exec(argv, more);
    if (stop === 'before') return await halt();
    if (stop === 'in flight') {
      void exec(['sh', '-c', 'sleep 2; "$@"; touch "$0"', arrived, ...argv], more);
      return await halt();
    }
    const result = await exec(argv, more);
    return stop === 'within' ? await halt() : result;
  });
  if (link.path.kind !== 'kernel') return;
  const end = link.path.edge;
  link.restartTunnel = async () => {
    for (const way of ['down', 'up']) await end.exec(['ip', 'link', 'set', path.interfaces.tunnel, way]);
  };
  const held = HELD[fault](link);
  const recorder = memoryRecorder(systemClock);
  const keeper = new FaultKeeper({
    ...{
      cluster: { nodes: [] as Cluster['nodes'] } as Cluster,
      clock: systemClock,
      recorder,
      runId,
      leaseMs,
    },
    radius: within(held),
    signal: new AbortController().signal,
    deadlineWall: systemClock.wall() + 60_000,
  });
  const work = async () => {
    if (stop === 'after') await halt();
    say('held');
    await systemClock.sleep(workMs);
  };
  await keeper.hold(held, work, { biteDeadlineMs: 10 });
  say(JSON.stringify(recorder.events));
}

if (import.meta.filename === process.argv[1]) await main(JSON.parse(process.argv[2] as string));
