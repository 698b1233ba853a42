/** NVIDIA's own device plugin beside an embedded kubelet, on a machine that has GPUs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClusterNode } from '../../../clusters/port.ts';

/** Shares of each GPU that it hands out, so that one GPU can hold a burst. */
export const SHARES = 8;

/** It knows one folder of sockets alone; in a mount namespace of its own that one is the node's. */
const IN_ITS_PLACE = [
  'mount -t tmpfs none /var/lib',
  'mkdir -p /var/lib/kubelet/device-plugins',
  'mount --bind "$1" /var/lib/kubelet/device-plugins',
  'exec nvidia-device-plugin --config-file "$2"',
].join(' && ');

const REGISTERED = "Registered device plugin for 'nvidia.com/gpu' with Kubelet";

export class NvidiaPlugin {
  readonly #node: ClusterNode;
  #process: ChildProcess | undefined;
  #said = '';

  constructor(node: ClusterNode) {
    this.#node = node;
  }

  start(folder: string): void {
    const config = join(folder, 'nvidia-device-plugin.yaml');
    const resources = [{ name: 'nvidia.com/gpu', replicas: SHARES }];
    writeFileSync(config, stringify({ version: 'v1', sharing: { timeSlicing: { resources } } }));
    const plugins = this.#node.kubeletDirs?.devicePlugins as string;
    this.#process = spawn('unshare', ['--mount', 'sh', '-c', IN_ITS_PLACE, 'sh', plugins, config]);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#said += chunk;
      });
    }
  }

  /** Everything that it wrote. */
  get said(): string {
    return this.#said;
  }

  get runs(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** How often it has registered by itself. */
  get registrations(): number {
    return this.#said.split(REGISTERED).length - 1;
  }

  async stop(): Promise<void> {
    if (!this.runs || !this.#process) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}
