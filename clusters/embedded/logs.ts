import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import { few } from '../../harness/errors/words.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';
import type { ClusterNode } from '../port.ts';
import { clusterFiles } from './settings.ts';

interface Exported {
  /** Of the cluster. */
  folder: string;
  kube: Kube;
  nodes: readonly Pick<ClusterNode, 'name' | 'stateDir'>[];
}

/** Does a part, and writes down what kept it from that: the others are done all the same. */
type Attempt = (what: string, part: () => Promise<void>) => Promise<void>;

/**
 * What there is to look into: the processes' own logs, each node's ledger, the API's objects, the pods' logs.
 * @throws OrdealError LOGS_INCOMPLETE (exit 4) that names what could not be written, after all the rest.
 */
export async function exportLogs({ folder, kube, nodes }: Exported, dir: string): Promise<void> {
  const failures: string[] = [];
  const attempt: Attempt = async (what, part) => {
    await part().catch((error: unknown) => failures.push(`${what}: ${messageOf(error)}`));
  };
  await mkdir(dir, { recursive: true });
  const { gpuNodesLog, log } = clusterFiles(folder);
  for (const file of [log, gpuNodesLog]) await copyFile(file, join(dir, basename(file)), attempt);
  for (const { name, stateDir } of nodes)
    if (stateDir) await copyFolder(stateDir, join(dir, 'nodes', name), attempt);
  await exportObjects(kube, dir, attempt);
  await exportPodLogs(kube, join(dir, 'pods'), attempt);
  if (failures.length === 0) return;
  throw new OrdealError({
    code: 'LOGS_INCOMPLETE',
    exit: EXIT.unable,
    tried: `exporting the logs of the embedded cluster to ${dir}`,
    seen: few(failures),
    todo: 'look at the others, which are there',
  });
}

async function copyFolder(from: string, to: string, attempt: Attempt): Promise<void> {
  await attempt(from, async () => {
    await mkdir(to, { recursive: true });
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) await copyFolder(source, target, attempt);
      else if (entry.isFile()) await copyFile(source, target, attempt);
    }
  });
}

async function copyFile(from: string, to: string, attempt: Attempt): Promise<void> {
  await attempt(from, async () => {
    try {
      await cp(from, to);
    } catch (error) {
      // It never was, or is gone since it was listed, as an association is that has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  });
}

async function exportObjects({ apps, batch, core }: Kube, dir: string, attempt: Attempt): Promise<void> {
  const lists: Record<string, () => Promise<{ items: unknown[] }>> = {
    nodes: () => core.listNode(),
    pods: () => core.listPodForAllNamespaces(),
    jobs: () => batch.listJobForAllNamespaces(),
    deployments: () => apps.listDeploymentForAllNamespaces(),
    replicasets: () => apps.listReplicaSetForAllNamespaces(),
    events: () => core.listEventForAllNamespaces(),
  };
  for (const [kind, list] of Object.entries(lists))
    await attempt(kind, async () => {
      const { items } = await list();
      await writeFile(join(dir, `${kind}.json`), JSON.stringify(items, undefined, 2));
    });
}

async function exportPodLogs({ core }: Kube, dir: string, attempt: Attempt): Promise<void> {
  await attempt('the logs of pods', async () => {
    await mkdir(dir, { recursive: true });
    const { items } = await core.listPodForAllNamespaces();
    const containers = items.flatMap(({ metadata, spec }) =>
      [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((container) => ({
        namespace: metadata?.namespace ?? '',
        name: metadata?.name ?? '',
        container: container.name,
      })),
    );
    const atOnce = pLimit(8);
    await Promise.all(
      containers.map((which) =>
        atOnce(async () => {
          const name = `${Object.values(which).join('_')}.log`;
          await attempt(name, async () => {
            const log = await core.readNamespacedPodLog({ ...which, timestamps: true }).catch(withoutLog);
            if (log) await writeFile(join(dir, name), log);
          });
        }),
      ),
    );
  });
}

/** A container that never started has none, nor has a pod that is gone since it was listed. */
function withoutLog(error: unknown): string {
  if (apiStatus(error) === 400 || apiStatus(error) === 404) return '';
  throw error;
}
