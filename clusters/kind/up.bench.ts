import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Benchmark } from '../../harness/bench/benchmark.ts';
import { answers, timed } from '../../harness/bench/timed.ts';
import { run } from '../../harness/exec/exec.ts';
import { prepareFolders } from '../container-nodes/folders.ts';
import { detachedFolder, ownName } from '../container-nodes/names.ts';
import { findImages } from '../images/images.ts';
import { claim } from './claims.ts';

import { kindConfig } from './config.ts';
import { cgroupVersion } from './docker.ts';
import { kindReadiness } from './readiness.ts';
import { deleteCluster } from './remove.ts';

const WORKERS = 2;
const TIMEOUT_MS = 300_000;

/** In turn, round by round: the second finds the disk and Docker as the first left them. */
let bareFirst = true;

/** `ordeal up --cluster kind` against kind itself, with the same configuration and until the same nodes are Ready. */
export const benchmark: Benchmark = {
  name: 'kind-up',
  rounds: 4,
  async missing() {
    const missing = (await kindReadiness())
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => `${name}: ${detail}`);
    if (!(await answers(['kubectl', 'version', '--client']))) missing.push('there is no kubectl');
    return missing.join('; ') || undefined;
  },
  async round(signal) {
    const first = await (bareFirst ? bareKind : ordealUp)(signal);
    const second = await (bareFirst ? ordealUp : bareKind)(signal);
    const [bare, ours] = bareFirst ? [first, second] : [second, first];
    bareFirst = !bareFirst;
    return [
      { name: '`ordeal up --cluster kind` / bare kind', value: ours / bare, unit: '×', goal: 1.1 },
      { name: '`ordeal up --cluster kind`, 2 workers', value: ours / 1_000, unit: 's' },
      { name: 'bare kind, 2 workers', value: bare / 1_000, unit: 's' },
    ];
  },
};

async function ordealUp(signal: AbortSignal): Promise<number> {
  const name = `bench-up-${process.pid}`;
  const ordeal = [process.execPath, 'ordeal.mjs'];
  try {
    const up = [...ordeal, 'up', '--cluster', 'kind', '--workers', String(WORKERS), '--name', name];
    return await timed(() => run(up, { timeoutMs: TIMEOUT_MS, signal }));
  } finally {
    await run([...ordeal, 'down', name], { timeoutMs: TIMEOUT_MS });
  }
}

async function bareKind(signal: AbortSignal): Promise<number> {
  const name = ownName(`bench-bare-${process.pid}`);
  const folder = detachedFolder(name);
  const images = await findImages();
  if (!images) throw new Error('the images went away');
  try {
    const workers = await prepareFolders(folder, WORKERS);
    // So that `ordeal clean` finds what an end in between leaves.
    await claim(name, folder);
    const config = kindConfig({ images, workers, cgroups: await cgroupVersion() });
    const kubeconfig = join(folder, 'kubeconfig');
    const create = ['kind', 'create', 'cluster', '--name', name, '--config', '-', '--kubeconfig', kubeconfig];
    const env = { KIND_EXPERIMENTAL_DOCKER_NETWORK: name };
    const wait = ['kubectl', '--kubeconfig', kubeconfig, 'wait', '--for=condition=Ready', 'node', '--all'];
    return await timed(async () => {
      await run(create, { input: config, env, timeoutMs: TIMEOUT_MS, signal });
      await run([...wait, `--timeout=${TIMEOUT_MS / 1_000}s`], { timeoutMs: TIMEOUT_MS, signal });
    });
  } finally {
    await deleteCluster(name, folder);
    await rm(folder, { recursive: true, force: true });
  }
}
