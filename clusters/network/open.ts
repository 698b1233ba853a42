import { join } from 'node:path';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Readiness, StepContext } from '../../harness/run/ports.ts';
import type { Cluster } from '../port.ts';
import { insideGuest } from '../uml/inside.ts';
import { umlReadiness } from '../uml/readiness.ts';
import { type NetnsLabOptions, netnsLab } from './netns/lab.ts';
import { netnsReadiness } from './netns/readiness.ts';
import { shellExec } from './netns/shells.ts';
import type { EdgeNetwork, Isolation } from './port.ts';
import { userlandNetwork } from './userland/network.ts';

/** What each isolation that is not to be had anywhere needs of this machine, best first. */
export const ISOLATIONS: Readonly<Record<string, () => Promise<Readiness[]>>> = {
  netns: netnsReadiness,
  uml: umlReadiness,
};

/**
 * The network of a cluster’s edge nodes, named: the cluster’s own where it offers one; of an embedded cluster a lab of the
 * isolation that the plan asks for, `auto` the best that this machine has. Its undo is registered before it is made.
 * @throws OrdealError NETWORK_NOT_OFFERED, ISOLATION_NOT_READY (exit 4), and what the lab throws.
 */
export async function openNetwork(
  context: StepContext & { cluster: Cluster },
  nodes: readonly string[],
): Promise<EdgeNetwork> {
  const { cluster, plan, progress, runId, signal, undo, workDir } = context;
  if (cluster.edgeNetwork) {
    if (plan.cluster.isolation !== 'auto') throw notOffered(cluster, `isolation ${plan.cluster.isolation}`);
    return await cluster.edgeNetwork(context, nodes);
  }
  if (cluster.provider !== 'embedded') throw notOffered(cluster, 'an edge network');
  const isolation = await isolationFor(plan.cluster.isolation, progress);
  if (isolation !== 'process') {
    const own = insideGuest() ? guestLab(join(workDir, 'sh')) : {};
    return { ...(await netnsLab({ runId, nodes, undo, signal, ...own })), isolation };
  }
  let network: EdgeNetwork | undefined;
  undo.push('take the edge network down', async () => {
    await network?.down();
  });
  network = await userlandNetwork({ nodes, folder: join(workDir, 'net'), seed: plan.seed, signal });
  return network;
}

function notOffered({ name, provider }: Cluster, what: string): OrdealError {
  return new OrdealError({
    code: 'NETWORK_NOT_OFFERED',
    exit: EXIT.unable,
    tried: `making the links of ${name}’s edge nodes`,
    seen: `the provider ${provider} does not offer ${what}`,
    todo: 'leave isolation at auto with a cluster that has links of its own (kind), or run the suite edge on the embedded cluster',
  });
}

/** A guest's one processor is all but busy with what is measured: a fault's commands must not wait their turn behind it. */
const FIRST = ['nice', '-n', '-10'];

/** What a lab has in a guest, where a process is dear and nobody else lives. */
function guestLab(folder: string): Pick<NetnsLabOptions, 'reached' | 'exec' | 'execIn'> {
  return {
    reached: true,
    exec: shellExec(join(folder, 'root'), FIRST),
    execIn: (enter) => shellExec(join(folder, enter.at(-1) ?? ''), [...FIRST, ...enter]),
  };
}

async function isolationFor(
  wanted: 'auto' | Isolation,
  progress: (line: string) => void,
): Promise<Isolation> {
  if (wanted === 'process') return wanted;
  const missing = await missingFor(netnsReadiness);
  // Whoever asks for a guest is in it by now: the whole run is.
  if (wanted === 'uml' && !insideGuest()) missing.push(OUTSIDE);
  if (missing.length === 0) {
    const isolation = wanted === 'uml' ? 'uml' : 'netns';
    progress(`edge network: isolation ${isolation}, a real kernel’s`);
    return isolation;
  }
  const lacks = lacking(missing);
  if (wanted === 'auto') {
    const guest = lacking(await missingFor(umlReadiness));
    const other = guest ? `and uml lacks ${guest}` : 'and --isolation uml would have one';
    progress(`edge network: isolation process; a real kernel’s, netns, lacks ${lacks}, ${other}`);
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

const OUTSIDE: Readiness = {
  name: 'guest',
  ok: false,
  detail: 'this is no user-mode-Linux kernel',
  mend: 'ordeal run boots one for it',
};

async function missingFor(readiness: () => Promise<Readiness[]>): Promise<Readiness[]> {
  return (await readiness()).filter(({ ok }) => !ok);
}

function lacking(missing: readonly Readiness[]): string {
  return missing.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
}
