import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../../harness/exec/exec.ts';
import { findImages, type ImageSet, readyImages } from '../../images/images.ts';
import { readyToolbox } from '../../images/toolbox-image.ts';
import { kindConfig } from '../../kind/config.ts';
import { cgroupVersion } from '../../kind/docker.ts';
import { layPodNetwork } from '../../kind/pod-network.ts';

/**
 * Somebody's cluster of one worker: by bare kind, with a pod network between its nodes and the workload image put on the
 * worker.
 * @param name none of the harness's: nothing of it may clean up after a test
 */
export async function someonesKind(name: string, kubeconfig: string): Promise<ImageSet> {
  const images = await bareKind(name, kubeconfig, 1);
  await putImage(`${name}-worker`, createReadStream(images.workloadArchive));
  return images;
}

/** The same of two workers, with the toolbox image on both; its name. */
export async function someonesPair(name: string, kubeconfig: string): Promise<string> {
  const workers = [`${name}-worker`, `${name}-worker2`];
  const [image] = await Promise.all([readyToolbox(), bareKind(name, kubeconfig, workers.length)]);
  for (const worker of workers) {
    const archive = execa('docker', ['save', image], { buffer: false });
    await Promise.all([archive, putImage(worker, archive.stdout)]);
  }
  return image;
}

async function putImage(node: string, archive: Readable): Promise<void> {
  const load = ['ctr', '--namespace', 'k8s.io', 'images', 'import', '-'];
  await execa('docker', ['exec', '-i', node, ...load], { input: archive });
}

async function bareKind(name: string, kubeconfig: string, workers: number): Promise<ImageSet> {
  const images = await findImages('1.34.4');
  if (!images) throw new Error('run `ordeal images build --kubernetes 1.34.4` first');
  await readyImages(images);
  const config = parse(kindConfig({ images, workers: [], cgroups: await cgroupVersion() }));
  for (let at = 0; at < workers; at++) config.nodes.push({ role: 'worker', image: images.nodeImage });
  await run(['kind', 'create', 'cluster', '--name', name, '--config', '-', '--kubeconfig', kubeconfig], {
    input: stringify(config),
    timeoutMs: 300_000,
    env: { KIND_EXPERIMENTAL_DOCKER_NETWORK: name },
  });
  const ready = ['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=120s'];
  const kubectl = (...args: string[]) =>
    run(['kubectl', '--kubeconfig', kubeconfig, ...args], { timeoutMs: 130_000 });
  await kubectl(...ready);
  if (images.source === 'local')
    await layPodNetwork(JSON.parse((await kubectl('get', 'nodes', '--output=json')).stdout).items);
  // That a node was not Ready stays on it as a taint for some seconds, and nothing runs there meanwhile.
  const workersOnly = '--selector=!node-role.kubernetes.io/control-plane';
  const taints = ['get', 'nodes', workersOnly, '--output=jsonpath={.items[*].spec.taints}'];
  await waitFor(async () => (await kubectl(...taints)).stdout === '', {
    what: 'workers that take pods',
    deadlineMs: 60_000,
    intervalMs: 500,
  });
  return images;
}

/** Safe to repeat. */
export async function removeSomeonesKind(name: string): Promise<void> {
  await tryRun(['kind', 'delete', 'cluster', '--name', name], { timeoutMs: 120_000 });
  await tryRun(['docker', 'network', 'rm', name]);
}
