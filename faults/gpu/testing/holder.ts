/** A harness that is to be killed: `holder.ts HELD` holds a delay of Allocate, and says so in a line, until then. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Cluster, ClusterNode } from '../../../clusters/port.ts';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { memoryRecorder } from '../../../harness/history/writer.ts';
import { connect } from '../../../harness/kube/client.ts';
import { within } from '../../testing/within.ts';
import { FaultKeeper } from '../../wrapper.ts';
import { PluginDelayWith, pluginDelay } from '../plugin-delay.ts';
import { NAMESPACE } from './stage.ts';

export const KILLED_RUN = 'killed';
const HELD_MS = 300_000;

interface Held {
  kubeconfig: string;
  node: ClusterNode;
}

async function holdFault({ kubeconfig, node }: Held): Promise<void> {
  const fault = pluginDelay('k', PluginDelayWith.parse({}), { node, namespace: NAMESPACE });
  const keeper = new FaultKeeper({
    cluster: { kube: await connect(kubeconfig), nodes: [] as Cluster['nodes'] } as Cluster,
    radius: within(fault),
    ...{ clock: systemClock, recorder: memoryRecorder(systemClock), runId: KILLED_RUN },
    ...{ signal: new AbortController().signal, leaseMs: 4_000 },
    deadlineWall: systemClock.wall() + HELD_MS,
  });
  await keeper.hold(fault, async () => {
    process.stdout.write('held\n');
    await systemClock.sleep(HELD_MS);
  });
}

/** Starts one and waits until it holds its fault. */
export async function holdElsewhere({ kubeconfig }: Cluster, node: ClusterNode): Promise<ChildProcess> {
  const { kubeletDirs, name, stateDir } = node;
  const held = JSON.stringify({ kubeconfig, node: { kubeletDirs, name, stateDir } });
  const child = spawn(process.execPath, ['--import', 'tsx', import.meta.filename, held], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  await waitFor(() => lines.includes('held') || child.exitCode !== null, {
    what: 'the fault held',
    deadlineMs: 60_000,
  });
  if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
  return child;
}

if (import.meta.filename === process.argv[1]) await holdFault(JSON.parse(process.argv[2] as string));
