import { join } from 'node:path';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Readiness, StepContext } from '../../harness/run/ports.ts';
import type { Cluster } from '../port.ts';
import { netnsLab } from './netns/lab.ts';
import { netnsReadiness } from './netns/readiness.ts';
import type { EdgeNetwork, Isolation } from './port.ts';
import { userlandNetwork } from './userland/network.ts';

/** What each isolation that is not to be had anywhere needs of this machine, best first. */
export const ISOLATIONS: Readonly<Record<string, () => Promise<Readiness[]>>> = { netns: netnsReadiness };

/**
 * The network of an embedded cluster’s edge nodes, named: a lab of the isolation that the plan asks for, `auto` the best that
 * this machine has. Its undo is registered before it is made.
 * @throws OrdealError NETWORK_NOT_OFFERED, ISOLATION_NOT_READY (exit 4), and what the lab throws.
 */
export async function openNetwork(
  context: StepContext & { cluster: Cluster },
  nodes: readonly string[],
): Promise<EdgeNetwork> {
  const { cluster, plan, progress, runId, signal, undo, workDir } = context;
  if (cluster.provider !== 'embedded') {
    throw new OrdealError({
      code: 'NETWORK_NOT_OFFERED',
      exit: EXIT.unable,
      tried: `making the links of ${cluster.name}'s edge nodes`,
      seen: `the provider ${cluster.provider} has no edge network in this version`,
      todo: 'run the suite edge on the embedded cluster',
    });
  }
  const isolation = await isolationFor(plan.cluster.isolation, progress);
  if (isolation === 'netns') return await netnsLab({ runId, nodes, undo, signal });
  let network: EdgeNetwork | undefined;
  undo.push('take the edge network down', async () => {
    await network?.down();
  });
  network = await userlandNetwork({ nodes, folder: join(workDir, 'net'), seed: plan.seed, signal });
  return network;
}

async function isolationFor(
  wanted: 'auto' | Isolation,
  progress: (line: string) => void,
): Promise<Isolation> {
  if (wanted === 'process') return wanted;
  const missing = (await netnsReadiness()).filter(({ ok }) => !ok);
  if (missing.length === 0) {
    progress('edge network: isolation netns, a real kernel’s');
    return 'netns';
  }
  const lacks = missing.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
  if (wanted === 'auto') {
    progress(`edge network: isolation process; a real kernel’s, netns, lacks ${lacks}`);
    return 'process';
  }
  throw new OrdealError({
    code: 'ISOLATION_NOT_READY',
    exit: EXIT.unable,
    tried: `making an edge network of isolation ${wanted}`,
    seen: lacks,
    todo: missing.map(({ mend }) => mend ?? 'see ordeal doctor').join('; '),
  });
}
