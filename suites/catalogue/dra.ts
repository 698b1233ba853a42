import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceV1ResourceClaim } from '@kubernetes/client-node';
import { Driver } from '../../clusters/gpu-node/driver.ts';
import { gpuNodeFiles } from '../../clusters/gpu-node/layout.ts';
import type { LedgerEntry } from '../../clusters/gpu-node/ledger-writer.ts';
import { GpuNodeSettings } from '../../clusters/gpu-node/settings.ts';
import { writeTools } from '../../clusters/gpu-node/tools.ts';
import { announceDraPlugin, serveDraPlugin } from '../../clusters/kubelet-api/dra-plugin.ts';
import type { Claim, PreparedDevice } from '../../clusters/kubelet-api/messages.ts';
import type { Listening } from '../../clusters/kubelet-api/transport.ts';
import type { OwnDra } from '../../faults/gpu/claim-bind-delay.ts';
import type { Clock } from '../../harness/clock/clock.ts';
import type { CatalogueEvents } from './events.ts';

/** The node's state folder by the name that its kubelet has for it. */
const NODE_STATE = '/var/lib/ordeal';

type Deed = Omit<CatalogueEvents['claim.prepared'], 'scenario'>;

export interface StagedDraOptions {
  /** The node's `/var/lib/kubelet/plugins_registry` and `/var/lib/ordeal`, as paths here. */
  registry: string;
  stateDir: string;
  /** The driver's name, which its DeviceClass and its ResourceSlice have too. */
  name: string;
  /** Unique on the node: its devices are called `GPU-<purpose>-<index>`. */
  purpose: string;
  devices: number;
  /** A claim is prepared when its devices are bound; false: at once. */
  awaitsBinding: boolean;
  clock: Clock;
  claimOf(claim: Claim): Promise<ResourceV1ResourceClaim>;
  tell(deed: Deed): void;
}

/**
 * A scenario's DRA driver, in this process: what a container can use is what its fake GPU driver says. Which devices a pod has
 * is a file by the pod's UID below what the pod mounts, for the containerd of a node image that Debian's packages make (1.6)
 * knows nothing of CDI.
 */
export class StagedDra implements OwnDra {
  readonly #options: StagedDraOptions;
  readonly #files: ReturnType<typeof gpuNodeFiles>;
  readonly #folder: string;
  readonly #driver: Driver;
  /** The pod of each claim that is prepared. */
  readonly #holders = new Map<string, string>();
  #serving: Listening[] = [];
  #delayed = 0;
  registration: { registered: boolean; error: string } | undefined;

  constructor(options: StagedDraOptions) {
    const { clock, devices, name, purpose, stateDir } = options;
    this.#options = options;
    this.#folder = join(stateDir, `catalogue-${purpose}`);
    this.#files = gpuNodeFiles(this.#folder);
    const settings = GpuNodeSettings.parse({
      ...{ resource: name, gpus: devices, workers: devices, latencyMs: [0, 0], lockMs: 0 },
    });
    mkdirSync(this.#claims, { recursive: true });
    writeTools(this.#files);
    this.#driver = new Driver({
      ...{ node: purpose, files: this.#files, settings, clock },
      ledger: { write: (entry) => this.#hear(entry) },
    });
  }

  /** As its node names it: what a pod mounts. */
  get hostRoot(): string {
    return gpuNodeFiles(join(NODE_STATE, `catalogue-${this.#options.purpose}`)).root;
  }

  get delayed(): number {
    return this.#delayed;
  }

  delay(ms: number): void {
    this.#driver.extraMs = ms;
  }

  /** Serves, and has the kubelet find it. */
  async start(): Promise<void> {
    const { name, purpose, registry } = this.#options;
    const socket = 'dra.sock';
    this.#serving = [
      await serveDraPlugin(join(this.#folder, socket), {
        prepare: (claim) => this.#prepare(claim),
        unprepare: (claim) => this.#unprepare(claim),
      }),
      await announceDraPlugin(
        join(registry, `ordeal-${purpose}.sock`),
        { name, endpoint: join(NODE_STATE, `catalogue-${purpose}`, socket) },
        (status) => {
          this.registration = status;
        },
      ),
    ];
  }

  /** For good, at the scenario's end. */
  async end(): Promise<void> {
    // The registration first: a kubelet asks for no claim of a driver that is gone.
    for (const each of this.#serving.reverse()) await each.close();
    this.#serving = [];
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #claims(): string {
    return join(this.#files.root, 'claims');
  }

  async #prepare(claim: Claim): Promise<PreparedDevice[]> {
    const { awaitsBinding, claimOf, name, tell } = this.#options;
    const { status } = await claimOf(claim);
    const results = (status?.allocation?.devices?.results ?? []).filter(({ driver }) => driver === name);
    const pod = status?.reservedFor?.[0]?.uid;
    if (pod === undefined || results.length === 0) throw new Error(`the claim ${claim.name} is nobody’s yet`);
    const devices = results.map(({ device }) => this.#deviceOf(device));
    const said = { claim: claim.uid, pod, devices };
    tell({ ...said, moment: 'asked' });
    this.#holders.set(claim.uid, pod);
    writeFileSync(join(this.#claims, pod), devices.join(','));
    const bound = Promise.all(devices.map((device) => this.#driver.associate(pod, device)));
    bound.catch(() => undefined);
    if (awaitsBinding) await bound;
    tell({ ...said, moment: 'over' });
    return results.map(({ device, pool, request }) => ({
      ...{ request_names: [request], pool_name: pool, device_name: device },
      cdi_device_ids: [],
    }));
  }

  async #unprepare({ uid }: Claim): Promise<void> {
    const pod = this.#holders.get(uid);
    if (pod === undefined) return;
    const others = new Set([...this.#holders].filter(([claim]) => claim !== uid).map(([, holder]) => holder));
    this.#holders.delete(uid);
    for (const device of this.#driver.devices) this.#driver.release(device, others);
    rmSync(join(this.#claims, pod), { force: true });
  }

  /** The driver's name of a device by its name in the ResourceSlice. */
  #deviceOf(device: string): string {
    const index = deviceNames(this.#options.devices).indexOf(device);
    const known = this.#driver.devices[index];
    if (known === undefined) throw new Error(`there is no device ${device}`);
    return known;
  }

  #hear(entry: LedgerEntry): void {
    if (entry.type === 'driver.associated' && entry.injectedMs > 0) this.#delayed += 1;
  }
}

/** Of a ResourceSlice: DNS labels. */
export function deviceNames(devices: number): string[] {
  return Array.from({ length: devices }, (_, index) => `gpu-${index}`);
}

/** Why a kubelet has not registered a driver, in a wait's words. */
export function registrationOf({ registration }: StagedDra): string {
  if (!registration) return 'the kubelet has not asked for it';
  return registration.registered ? 'registered' : registration.error;
}
