import { writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { thisProcess } from '../../harness/exec/born-at.ts';
import type { Provider, Readiness, StepContext } from '../../harness/run/ports.ts';
import { statePath } from '../../harness/run/state-dir.ts';
import { lockedFor } from '../lock.ts';
import { order } from '../orders.ts';
import { ownership, writeOwner } from '../owner.ts';
import type { Cluster } from '../port.ts';
import { programFile } from '../programs/file.ts';
import { answers } from './control.ts';
import { clusterHandle } from './handle.ts';
import { lastWords, type Started, startProcess } from './process.ts';
import { ClusterSettings, CONTROL_PLANE, clusterFiles, nodeFolders, workerName } from './settings.ts';
import { sweepContainers } from './sweep.ts';

const READY_MS = 60_000;
const END_MS = 20_000;
/** A container that was killed may be at its last call yet, which writes into the folder that is being removed. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5 };
/** A unix socket's path has at most 107 bytes; a device plugin needs some of them for its socket's name. */
const MAX_SOCKET_FOLDER_BYTES = 80;

/** A cluster in a child process: nothing of it is real but its protocols and its containers' processes. */
export const embeddedProvider: Provider<Cluster> = {
  name: 'embedded',

  async readiness() {
    return [nodeVersion(process.versions.node), platform(process.platform)];
  },

  async up(context) {
    const settings = settingsOf(
      context,
      join(context.workDir, 'e'),
      context.plan.cluster.name ?? context.runId,
    );
    let end = async () => {};
    context.undo.push(`end the embedded cluster ${settings.name}`, async () => {
      await end().finally(async () => {
        // One that was killed, or had to be, took not all of its containers along.
        sweepContainers();
        await rm(settings.folder, REMOVAL);
      });
    });
    context.progress(`embedded: starting ${settings.workers} workers`);
    const started = await start(settings, false, context.signal);
    end = ended(started, settings);
    const { nodes } = started.said as { nodes: string[] };
    const cluster = await clusterHandle(settings, nodes, end, context.signal);
    end = () => cluster.down();
    return cluster;
  },

  async upDetached(context) {
    const name = context.plan.cluster.name ?? context.runId;
    const folder = detachedFolder(name);
    if (await answers(clusterFiles(folder).control)) {
      throw new OrdealError({
        code: 'EMBEDDED_CLUSTER_EXISTS',
        exit: EXIT.unable,
        tried: `starting the embedded cluster ${name}`,
        seen: 'there is one of that name',
        todo: `run \`ordeal down ${name}\`, or give the cluster another name in the plan`,
      });
    }
    await rm(folder, { recursive: true, force: true });
    try {
      await start(settingsOf(context, folder, name), true, context.signal);
      await writeOwner(folder, null);
    } catch (error) {
      await remove(folder);
      throw error;
    }
    return { name, kubeconfig: clusterFiles(folder).kubeconfig };
  },

  async attach(name, context, accept) {
    const files = clusterFiles(detachedFolder(name));
    if (!(await answers(files.control))) return undefined;
    const settings = ClusterSettings.parse(JSON.parse(await readFile(files.settings, 'utf8')));
    const workers = Array.from({ length: settings.workers }, (_, index) => workerName(index));
    const { signal } = context;
    const cluster = await clusterHandle(settings, [CONTROL_PLANE, ...workers], async () => {}, signal);
    return await lockedFor(cluster, context, accept);
  },

  async down(name) {
    return await remove(detachedFolder(name));
  },

  async clean() {
    const removed: string[] = [];
    const names = await readdir(detachedRoot()).catch(() => []);
    for (const name of names) {
      const folder = detachedFolder(name);
      const whose = await ownership(folder);
      if (whose === 'owned' || (whose === 'stays' && (await answers(clusterFiles(folder).control)))) continue;
      if (await remove(folder)) removed.push(`embedded cluster ${name}`);
    }
    return [...removed, ...sweepContainers()];
  },
};

/**
 * What ends a cluster's process, as often as it is asked to.
 * @throws OrdealError EMBEDDED_CLUSTER_ENDED (exit 4) where it had ended by itself, with its last words: what was asked of
 * it since was refused, which says nothing of why.
 */
function ended(started: Started, { folder, name }: ClusterSettings): () => Promise<void> {
  let asked = false;
  let early: string | undefined;
  started.ended.then((how) => {
    if (!asked) early = how;
  });
  return async () => {
    asked = true;
    await started.end(END_MS);
    if (early === undefined) return;
    const words = await lastWords(clusterFiles(folder).log);
    throw new OrdealError({
      code: 'EMBEDDED_CLUSTER_ENDED',
      exit: EXIT.unable,
      tried: `ending the embedded cluster ${name}`,
      seen: [early, words].filter(Boolean).join('\n'),
      todo: 'run it again; if nobody killed it, it is a defect: report what it said',
    });
  };
}

/** Ends a detached cluster's process, where it answers, and removes its folder. False where there was no folder. */
async function remove(folder: string): Promise<boolean> {
  const there = await readdir(folder).catch(() => undefined);
  if (!there) return false;
  const { control } = clusterFiles(folder);
  if (await answers(control)) {
    // Where it cannot be told, it does not end.
    await order(control, 'stop').catch(() => undefined);
    await waitFor(async () => !(await answers(control)), {
      what: `the end of the cluster in ${folder}`,
      deadlineMs: END_MS,
      clock: systemClock,
    });
  }
  await rm(folder, REMOVAL);
  return true;
}

function settingsOf({ plan, runId }: StepContext, folder: string, name: string): ClusterSettings {
  const { kubelet, startLatency, workers } = plan.cluster;
  return ClusterSettings.parse({
    name,
    runId,
    folder,
    seed: plan.seed,
    ...(workers !== undefined && { workers }),
    ...(startLatency !== undefined && { startLatencyMs: startLatency }),
    ...(kubelet !== undefined && { kubelet }),
  });
}

async function start(settings: ClusterSettings, detached: boolean, signal: AbortSignal) {
  const { folder, workers } = settings;
  const longest = nodeFolders(folder, workerName(workers - 1)).devicePlugins;
  if (Buffer.byteLength(longest) > MAX_SOCKET_FOLDER_BYTES) throw tooLong(folder, longest);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (detached) await writeOwner(folder, thisProcess());
  const files = clusterFiles(folder);
  writeFileSync(files.settings, JSON.stringify(settings));
  return await startProcess({
    what: `the embedded cluster ${settings.name}`,
    argv: [
      await programFile('embedded-cluster', folder),
      ...['--config', files.settings, ...(detached ? ['--detached'] : [])],
    ],
    log: files.log,
    deadlineMs: READY_MS,
    detached,
    signal,
  });
}

function tooLong(folder: string, longest: string): OrdealError {
  return new OrdealError({
    code: 'FOLDER_TOO_LONG',
    exit: EXIT.unable,
    tried: `making the embedded cluster's sockets in ${folder}`,
    seen: `the path ${longest} has ${Buffer.byteLength(longest)} bytes, and a unix socket's has at most 107 in all`,
    todo: 'set TMPDIR to a folder with a shorter name',
  });
}

/** Where clusters that outlive their process are, a folder each. */
function detachedRoot(): string {
  return statePath('e');
}

function detachedFolder(name: string): string {
  return join(detachedRoot(), name);
}

function nodeVersion(version: string): Readiness {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'Node ≥ 20.19',
    ok,
    detail: `Node ${version}`,
    ...(!ok && { mend: 'install Node 20.19 or later' }),
  };
}

function platform(name: NodeJS.Platform): Readiness {
  const ok = name === 'linux' || name === 'darwin';
  return {
    name: 'Linux or macOS',
    ok,
    detail: name,
    ...(!ok && { mend: 'run it on Linux or macOS, or in WSL' }),
  };
}
