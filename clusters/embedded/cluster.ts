import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../harness/clock/clock.ts';
import { type ApiServer, kubeconfigFor, startApiServer } from './api/server.ts';
import { DeploymentController } from './deployment-controller.ts';
import { EventExpiry } from './event-expiry.ts';
import { JobController } from './job-controller.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { ShimPool } from './kubelet/shim.ts';
import { createStore } from './memory-store.ts';
import { ReplicaSetController } from './replica-set-controller.ts';
import { Scheduler } from './scheduler.ts';
import {
  type ClusterSettings,
  CONTROL_PLANE,
  clusterFiles,
  MODELLED_KUBERNETES,
  nodeFolders,
  workerName,
} from './settings.ts';
import type { Store } from './store.ts';
import { containerMark } from './sweep.ts';

/** Namespaces that every cluster has. */
const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Containers that are made ready for before they come: a full node of eight GPUs each, within reason. */
const WARM_PER_WORKER = 8;
const MAX_WARM = 160;

/** A whole cluster in this process: the API and its store, scheduler, controllers, and a kubelet a node. */
export class EmbeddedCluster {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly #settings: ClusterSettings;
  readonly #clock: Clock;
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #controllers: { start(): void; stop(): void }[];
  readonly #shims: ShimPool;
  #api: ApiServer | undefined;
  #addresses = 0;

  constructor(settings: ClusterSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.store = createStore(clock);
    this.#shims = new ShimPool(join(settings.folder, 'shims'));
    this.scheduler = new Scheduler(this.store, clock, settings.seed);
    this.#controllers = [
      this.scheduler,
      new JobController(this.store, clock, settings.backoffMs),
      new ReplicaSetController(this.store, clock),
      new DeploymentController(this.store, clock),
      new EventExpiry(this.store, clock),
    ];
  }

  get nodeNames(): string[] {
    return [...this.#kubelets.keys()];
  }

  /** Brings everything up; the kubeconfig (for its owner alone) is the last thing to be there. */
  async start(): Promise<void> {
    const { folder, name, workers } = this.#settings;
    mkdirSync(folder, { recursive: true });
    for (const namespace of NAMESPACES)
      this.store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    for (const controller of this.#controllers) controller.start();
    const names = [CONTROL_PLANE, ...Array.from({ length: workers }, (_, index) => workerName(index))];
    for (const [index, node] of names.entries()) {
      const kubelet = this.#newKubelet(node, index);
      this.#kubelets.set(node, kubelet);
      await kubelet.start();
    }
    const token = randomBytes(24).toString('base64url');
    this.#api = await startApiServer({
      store: this.store,
      clock: this.#clock,
      kubelet: (node) => this.#kubelets.get(node),
      token,
      version: MODELLED_KUBERNETES,
    });
    writeFileSync(clusterFiles(folder).kubeconfig, kubeconfigFor(this.#api.url, token, name), {
      mode: 0o600,
    });
    this.#shims.warm(Math.min(MAX_WARM, workers * WARM_PER_WORKER));
  }

  /** @throws Error where there is no such node. */
  kubelet(node: string): Kubelet {
    const kubelet = this.#kubelets.get(node);
    if (!kubelet) throw new Error(`there is no node ${node}`);
    return kubelet;
  }

  /** Ends every container at once. */
  killContainers(): void {
    this.#shims.close();
  }

  async stop(): Promise<void> {
    for (const controller of this.#controllers) controller.stop();
    await this.#api?.close();
    await Promise.all([...this.#kubelets.values()].map((kubelet) => kubelet.stop()));
    this.killContainers();
  }

  #newKubelet(node: string, index: number): Kubelet {
    const { backoffMs, cpu, folder, kubelet, memory, runId, seed, startJitter, startLatencyMs } =
      this.#settings;
    return new Kubelet(
      {
        name: node,
        folder: nodeFolders(folder, node).root,
        role: node === CONTROL_PLANE ? 'control-plane' : 'worker',
        cpu,
        memory,
        startLatencyMs,
        jitter: startJitter,
        backoffMs,
        variants: kubelet,
        seed: seed + index,
        podIp: () => this.#podIp(),
        mark: containerMark(runId),
        version: MODELLED_KUBERNETES,
      },
      this.store,
      this.#clock,
      this.#shims,
    );
  }

  /** Of the loopback network, which Linux takes for its own as a whole. */
  #podIp(): string {
    this.#addresses += 1;
    const at = this.#addresses;
    return `127.${1 + ((at >> 16) & 127)}.${(at >> 8) & 255}.${at & 255}`;
  }
}
