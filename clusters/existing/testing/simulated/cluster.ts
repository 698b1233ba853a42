import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers } from '../../../../harness/bench/timed.ts';
import { connect, type Kube } from '../../../../harness/kube/client.ts';
import { cacheDir } from '../../../images/cache.ts';
import { withBuildContext } from '../../../images/context.ts';
import { buildKubernetes, buildKwok, goBinariesThere } from '../../../images/go-binary.ts';
import { plainVersion } from '../../../images/versions.ts';
import { startControlPlane } from './control-plane.ts';
import { type SimulatedNodes, startNodes } from './nodes.ts';
import { Processes } from './processes.ts';

export interface SimulatedCluster {
  /** Of the user whose requests are written down; its context is the cluster’s name. */
  kubeconfig: string;
  /** As another user, whose requests are not. */
  kube: Kube;
  /** Of whoever is part of the cluster. */
  ownKubeconfig: string;
  /** The API server’s record of the requests of that user. */
  audit: string;
  /** What runs as part of it, and ends with it. */
  processes: Processes;
  end(): Promise<void>;
}

/** Why this machine has none without minutes of building; undefined where it has. */
export async function simulatedMissing(): Promise<string | undefined> {
  if (!(await answers(['go', 'version']))) return 'there is no go to build the simulator with';
  const there = await goBinariesThere(plainVersion(), cacheDir());
  return there ? undefined : 'Kubernetes is not built yet: `ordeal images build`';
}

/**
 * A real API server with etcd, controllers and scheduler, as processes of this user on loopback, and nodes that are
 * simulated. It needs the binaries that the images are made of; where they are missing they are built, which takes minutes.
 * @param name none of the harness's, whose sweep looks for what is its own
 * @param apiServer what the API server is told besides
 */
export async function startSimulatedCluster(
  name: string,
  simulated: Omit<SimulatedNodes, 'kwok'>,
  apiServer: readonly string[] = [],
): Promise<SimulatedCluster> {
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const { kubernetes, kwok } = await withBuildContext({ progress }, async (context) => ({
    kubernetes: await buildKubernetes(plainVersion(), context),
    kwok: await buildKwok(context),
  }));
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const processes = new Processes(folder);
  let kube: Kube | undefined;
  const end = async () => {
    kube?.close();
    await processes.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const plane = await startControlPlane(processes, { context: name, folder, kubernetes, apiServer });
    kube = await connect(plane.ownKubeconfig);
    await startNodes(processes, kube, plane, { ...simulated, kwok, folder });
    return { ...plane, kube, processes, end };
  } catch (error) {
    await end();
    throw error;
  }
}
