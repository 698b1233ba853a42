/** A vendor’s device plugin for tests: the fake one in a process of its own, which no cluster and no harness looks after. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSettings } from '../../../clusters/gpu-node/control.ts';
import { gpuNodeFiles } from '../../../clusters/gpu-node/layout.ts';
import { GpuNodeSettings } from '../../../clusters/gpu-node/settings.ts';
import type { ClusterNode } from '../../../clusters/port.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'clusters', 'gpu-node', 'main.ts');

export class Vendor {
  readonly node: ClusterNode;
  #process: ChildProcess | undefined;

  constructor(node: ClusterNode) {
    this.node = node;
  }

  async start(settings: Partial<GpuNodeSettings> = {}, hostStateDir?: string): Promise<void> {
    const { kubeletDirs, name, stateDir = '' } = this.node;
    await writeSettings(
      this.node,
      GpuNodeSettings.parse({ gpus: 4, latencyMs: [1, 2], lockMs: 0, ...settings }),
    );
    const config = join(stateDir, 'vendor.json');
    const node = {
      name,
      stateDir,
      ...(hostStateDir !== undefined && { hostStateDir }),
      devicePluginDir: kubeletDirs?.devicePlugins,
      podResourcesDir: kubeletDirs?.podResources,
    };
    await mkdir(stateDir, { recursive: true });
    writeFileSync(config, JSON.stringify({ nodes: [node] }));
    this.#process = spawn(process.execPath, ['--import', 'tsx', MAIN, '--config', config, '--lifeline'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  get pid(): number | undefined {
    return this.#process?.exitCode === null ? this.#process.pid : undefined;
  }

  /** How often it has registered by itself. */
  get registrations(): number {
    return this.#ledger.filter(({ type }) => type === 'plugin.registered').length;
  }

  /** How often it was asked to allocate. */
  get allocates(): number {
    return this.#ledger.filter(({ type }) => type === 'plugin.allocate').length;
  }

  get #ledger(): { type: string }[] {
    const text = readFileSync(gpuNodeFiles(this.node.stateDir ?? '').ledger, 'utf8');
    // The last line may still be written.
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }

  async stop(): Promise<void> {
    const { pid } = this;
    if (pid === undefined || !this.#process) return;
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await ended;
  }
}
