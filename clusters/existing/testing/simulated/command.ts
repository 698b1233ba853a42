import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedCluster } from './cluster.ts';
import { Requests } from './requests.ts';

const COMMAND = join(import.meta.dirname, '..', '..', '..', '..', 'ordeal.mjs');
const LOOK_MS = 50;

export interface Said {
  code: number | null;
  output: string;
  seconds: number;
  /** Resident, at most; 0 where there is no /proc. */
  memoryMiB: number;
  /** How often what was asked of the API server: `list nodes`. */
  requests: Map<string, number>;
}

/** The command itself, pointed at a simulated cluster, with a home of its own. */
export class Pointed {
  readonly at: readonly string[];
  readonly #requests: Requests;
  readonly #env: NodeJS.ProcessEnv;

  /** @param context the cluster’s name */
  constructor({ audit, kubeconfig }: SimulatedCluster, context: string, home: string) {
    this.at = ['--context', context, '--kubeconfig', kubeconfig];
    this.#requests = new Requests(audit);
    this.#env = { ...process.env, XDG_STATE_HOME: join(home, 's'), XDG_CONFIG_HOME: join(home, 'c') };
  }

  async ordeal(...args: readonly string[]): Promise<Said> {
    this.#requests.fresh();
    const from = performance.now();
    const child = spawn(process.execPath, [COMMAND, ...args, ...this.at], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    let memoryMiB = 0;
    const look = setInterval(() => {
      memoryMiB = mostResidentMiB(child.pid) ?? memoryMiB;
    }, LOOK_MS);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearInterval(look);
    const seconds = (performance.now() - from) / 1_000;
    return { code, output, seconds, memoryMiB, requests: this.#requests.fresh() };
  }

  /** A run as the cluster is, at the least level. */
  async run(...args: readonly string[]): Promise<Said> {
    const what = ['--suite', 'gpu', '--profile', 'as-is', '--level', 'smoke', '--cluster', 'existing'];
    return await this.ordeal('run', ...what, '--set', 'cluster.workloadImage=any', '--quiet', ...args);
  }
}

export function total(requests: ReadonlyMap<string, number>): number {
  return [...requests.values()].reduce((sum, count) => sum + count, 0);
}

function mostResidentMiB(pid: number | undefined): number | undefined {
  try {
    const most = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return most === undefined ? undefined : Number(most) / 1_024;
  } catch {
    return undefined;
  }
}
