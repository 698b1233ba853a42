import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../harness/clock/clock.ts';
import { PodResourcesReader } from '../kubelet-api/pod-resources.ts';
import { gpuNodeFiles } from './layout.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { PODRESOURCES_MS, PodResourcesLog } from './pod-resources-log.ts';

export interface WatcherOptions {
  node: string;
  /** Of the vendor's devices. */
  resource: string;
  podResourcesDir: string;
  stateDir: string;
  clock: Clock;
  /** Hears each line of the ledger, too. */
  tell?: (line: string) => void;
}

/**
 * Milliseconds between two lists. List has a side effect on what is allocated and to whom, so no oftener than it takes to
 * see every container once: they hold their GPUs for seconds.
 */
const LIST_MS = 400;

/** The record of PodResources on a node whose GPUs are somebody's: of a fake GPU node's ledgers, the one that is there. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #ledger: LedgerWriter;
  readonly #reader: PodResourcesReader;
  readonly #podResources: PodResourcesLog;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: WatcherOptions) {
    const { clock, podResourcesDir, resource, stateDir, tell } = options;
    const { ledger, root } = gpuNodeFiles(stateDir);
    mkdirSync(root, { recursive: true });
    this.#options = options;
    this.#ledger = new LedgerWriter(ledger, clock, tell);
    this.#reader = new PodResourcesReader(join(podResourcesDir, 'kubelet.sock'), PODRESOURCES_MS);
    this.#podResources = new PodResourcesLog({
      reader: this.#reader,
      ours: ({ resource_name }) => resource_name === resource,
      ledger: this.#ledger,
      clock,
    });
  }

  start(): void {
    const { node, resource } = this.#options;
    this.#ledger.write({ type: 'agent.started', node, pid: process.pid });
    this.#ledger.write({ type: 'agent.watching', resource });
    this.#loop = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#reader.close();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#podResources.look();
      await this.#options.clock.sleep(LIST_MS, signal).catch(() => undefined);
    }
  }
}
