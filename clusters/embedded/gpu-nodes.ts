import { writeFileSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { gpuNodeFiles } from '../gpu-node/layout.ts';
import type { AgentConfig } from '../gpu-node/main.ts';
import type { ClusterNode } from '../port.ts';
import { programFile } from '../programs/file.ts';
import { type Started, startProcess } from './process.ts';
import { clusterFiles } from './settings.ts';

const READY_MS = 30_000;
/** More for each: a node's plugin and its kubelet greet each other in 20 ms of a busy processor's time. */
const READY_MS_A_NODE = 100;
/** Of many that are silent, those that an error names. */
const NAMED = 8;

/** The process that is the fake GPU node of every worker, or watches the one that it has. */
export class GpuNodes {
  readonly #folder: string;
  readonly #workers: AgentConfig['nodes'];
  #process: Started | undefined;

  constructor(folder: string, nodes: readonly ClusterNode[]) {
    this.#folder = folder;
    this.#workers = nodes.flatMap(({ kubeletDirs, name, stateDir }) =>
      kubeletDirs && stateDir
        ? [
            {
              name,
              stateDir,
              devicePluginDir: kubeletDirs.devicePlugins,
              podResourcesDir: kubeletDirs.podResources,
              // Nodes share this machine, and so its ports.
              exporter: { host: '127.0.0.1', port: 0 },
            },
          ]
        : [],
    );
  }

  /**
   * Starts it and waits until each node says in its ledger that it runs and, where settings lie ready for it, that its
   * plugin is registered.
   * @param watch the resource of a plugin that is there
   * @throws OrdealError PROCESS_NOT_READY or WAIT_DEADLINE (exit 4).
   */
  async start(signal: AbortSignal, watch?: string): Promise<void> {
    if (this.#process) return;
    const files = clusterFiles(this.#folder);
    writeFileSync(files.gpuNodes, JSON.stringify({ nodes: this.#workers, watch } satisfies AgentConfig));
    const ledgers = await Promise.all(this.#workers.map(({ stateDir }) => awaited(stateDir, watch)));
    this.#process = await startProcess({
      what: 'the fake GPU nodes',
      argv: [await programFile('gpu-node', this.#folder), '--config', files.gpuNodes, '--lifeline'],
      log: files.gpuNodesLog,
      deadlineMs: READY_MS,
      signal,
    });
    // A ledger is read until it has told, and no longer.
    let silent = this.#workers.flatMap(({ name }, index) => {
      const said = ledgers[index];
      return said ? [{ name, said }] : [];
    });
    await waitFor(
      async () => {
        const said = await Promise.all(silent.map((node) => node.said()));
        silent = silent.filter((_, index) => !said[index]);
        return silent.length === 0;
      },
      {
        what: `the fake GPU nodes of ${this.#workers.length} workers`,
        deadlineMs: READY_MS + this.#workers.length * READY_MS_A_NODE,
        intervalMs: 50,
        seen: () => `nothing in the ledger of ${few(silent.map(({ name }) => name))}`,
        clock: systemClock,
        signal,
      },
    );
  }

  async stop(): Promise<void> {
    const started = this.#process;
    this.#process = undefined;
    await started?.end();
  }
}

function few(names: readonly string[]): string {
  const named = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${named} and ${names.length - NAMED} others` : named;
}

/** Looks at a ledger from its present end on: what an earlier agent wrote says nothing of this one. */
async function awaited(stateDir: string, watch: string | undefined): Promise<() => Promise<boolean>> {
  const files = gpuNodeFiles(stateDir);
  await mkdir(files.root, { recursive: true });
  const there = (path: string) => stat(path).catch(() => undefined);
  const start = (await there(files.ledger))?.size ?? 0;
  const last = watch
    ? 'agent.watching'
    : (await there(files.settings))
      ? 'plugin.registered'
      : 'agent.started';
  return async () => {
    const ledger = await readFile(files.ledger).catch(() => Buffer.alloc(0));
    return ledger.subarray(start).includes(`"type":"${last}"`);
  };
}
