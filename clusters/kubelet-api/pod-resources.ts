import type { Client } from '@grpc/grpc-js';
import { PodResourcesClient } from './definition.ts';
import type { ContainerDevices, PodResources } from './messages.ts';
import { answered, call, connectTo, type Listening, listen } from './transport.ts';

/** A reader of one kubelet's PodResources v1. */
export class PodResourcesReader {
  readonly #client: Client;
  readonly #deadlineMs: number;

  constructor(socket: string, deadlineMs = 10_000) {
    this.#client = connectTo(PodResourcesClient, socket);
    this.#deadlineMs = deadlineMs;
  }

  async list(): Promise<PodResources[]> {
    const answer = await this.#call<{ pod_resources: PodResources[] }>('List', {});
    return answer.pod_resources;
  }

  async allocatable(): Promise<ContainerDevices[]> {
    const answer = await this.#call<{ devices: ContainerDevices[] }>('GetAllocatableResources', {});
    return answer.devices;
  }

  async get(namespace: string, name: string): Promise<PodResources> {
    const request = { pod_namespace: namespace, pod_name: name };
    const answer = await this.#call<{ pod_resources: PodResources }>('Get', request);
    return answer.pod_resources;
  }

  close(): void {
    this.#client.close();
  }

  async #call<Response>(method: string, request: object): Promise<Response> {
    return await call(this.#client, method, request, { deadlineMs: this.#deadlineMs });
  }
}

export interface PodResourcesHandlers {
  list(): PodResources[];
  allocatable(): ContainerDevices[];
  /** Undefined: no such active pod. */
  get(namespace: string, name: string): PodResources | undefined;
}

export async function servePodResources(socket: string, handlers: PodResourcesHandlers): Promise<Listening> {
  return await listen(socket, PodResourcesClient.service, {
    List: answered(() => ({ pod_resources: handlers.list() })),
    GetAllocatableResources: answered(() => ({ devices: handlers.allocatable() })),
    Get: answered(({ pod_namespace, pod_name }: { pod_namespace: string; pod_name: string }) => {
      const found = handlers.get(pod_namespace, pod_name);
      if (!found) throw new Error(`pod ${pod_name} in namespace ${pod_namespace} not found`);
      return { pod_resources: found };
    }),
  });
}
