import { ResourceV1Api, type ResourceV1ResourceClaim } from '@kubernetes/client-node';
import { CONTAINER_GPU_ROOT, ENV_ALLOCATION, ENV_VISIBLE_DEVICES } from '../../clusters/gpu-node/layout.ts';
import type { Claim } from '../../clusters/kubelet-api/messages.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';
import type { PodShape } from '../contract/bench.ts';
import { deviceNames } from './dra.ts';

const REQUEST = 'gpu';
const SMI = 'nvidia-smi';

interface Where {
  kube: Kube;
  namespace: string;
  node: string;
  /** Of the driver, its DeviceClass and its ResourceSlice. */
  name: string;
  devices: number;
}

export interface Allocated {
  claim: string;
  /** UIDs of the pods that it is reserved for. */
  pods: string[];
  devices: string[];
}

/** A DRA driver's objects in the API, and pods' claims of its devices. */
export class Claims {
  readonly #where: Where;
  readonly #api: ResourceV1Api;

  constructor(where: Where) {
    this.#where = where;
    this.#api = where.kube.config.makeApiClient(ResourceV1Api);
  }

  /** The class and the template of a claim of one device, and the node's devices. */
  async publish(): Promise<void> {
    const { devices, name, namespace, node } = this.#where;
    const expression = `device.driver == "${name}"`;
    await this.#api.createDeviceClass({
      body: { metadata: { name }, spec: { selectors: [{ cel: { expression } }] } },
    });
    const requests = [{ name: REQUEST, exactly: { deviceClassName: name } }];
    await this.#api.createNamespacedResourceClaimTemplate({
      namespace,
      body: { metadata: { name }, spec: { spec: { devices: { requests } } } },
    });
    await this.#api.createResourceSlice({
      body: {
        metadata: { name },
        spec: {
          ...{ driver: name, nodeName: node, devices: deviceNames(devices).map((each) => ({ name: each })) },
          pool: { name: node, generation: 1, resourceSliceCount: 1 },
        },
      },
    });
  }

  /** What is not the namespace's. */
  async remove(): Promise<void> {
    const { name } = this.#where;
    for (const remove of [
      () => this.#api.deleteResourceSlice({ name }),
      () => this.#api.deleteDeviceClass({ name }),
    ]) {
      await remove().catch((error: unknown) => {
        if (apiStatus(error) !== 404) throw error;
      });
    }
  }

  async read({ name, namespace }: Claim): Promise<ResourceV1ResourceClaim> {
    return await this.#api.readNamespacedResourceClaim({ name, namespace });
  }

  /** Which device each claim has that has any. */
  async allocated(): Promise<Allocated[]> {
    const { name, namespace } = this.#where;
    const { items } = await this.#api.listNamespacedResourceClaim({ namespace });
    return items.flatMap(({ metadata, status }) => {
      const devices = (status?.allocation?.devices?.results ?? [])
        .filter(({ driver }) => driver === name)
        .map(({ device }) => device);
      const pods = (status?.reservedFor ?? []).map(({ uid }) => uid);
      return devices.length > 0 ? [{ claim: metadata?.uid ?? '', pods, devices }] : [];
    });
  }

  /**
   * A pod with a claim of one device, wherever the scheduler finds one.
   * @param hostRoot what the driver keeps for containers, by the node's name of it
   * @param script runs with what the driver says that the pod has
   */
  shape(hostRoot: string, script: string): Omit<PodShape, 'name'> {
    const given = `${CONTAINER_GPU_ROOT}/claims/$${ENV_ALLOCATION}`;
    return {
      claimTemplate: this.#where.name,
      env: [{ name: ENV_ALLOCATION, valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }],
      volumes: [
        { name: 'gpu', hostPath: hostRoot, mountPath: CONTAINER_GPU_ROOT },
        { name: 'smi', hostPath: `${hostRoot}/bin/${SMI}`, mountPath: `/usr/bin/${SMI}` },
      ],
      script: [`export ${ENV_VISIBLE_DEVICES}="$(cat "${given}" 2>/dev/null)"`, script].join('\n'),
    };
  }
}
