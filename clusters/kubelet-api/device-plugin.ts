import type { Client, ClientReadableStream } from '@grpc/grpc-js';
import { DevicePluginClient, RegistrationClient } from './definition.ts';
import {
  type AllocateRequest,
  type AllocateResponse,
  type Device,
  type DevicePluginOptions,
  type ListAndWatchResponse,
  PLUGIN_API_VERSION,
  type PreferredAllocationRequest,
  type PreferredAllocationResponse,
  type PreStartContainerRequest,
  type RegisterRequest,
} from './messages.ts';
import { answered, call, connectTo, type Listening, listen } from './transport.ts';

/** The plugin's side of one ListAndWatch. */
export interface DeviceStream {
  send(devices: Device[]): void;
  end(): void;
}

/** What a device plugin answers. A promise that rejects becomes the call's error. */
export interface DevicePluginHandlers {
  options(): DevicePluginOptions;
  /** A kubelet opened ListAndWatch; `closed` is called when the stream is over, from either side. */
  watch(stream: DeviceStream): { closed(): void };
  preferred(
    request: PreferredAllocationRequest,
  ): Promise<PreferredAllocationResponse> | PreferredAllocationResponse;
  allocate(request: AllocateRequest): Promise<AllocateResponse>;
  preStart(request: PreStartContainerRequest): Promise<void>;
}

export async function serveDevicePlugin(socket: string, handlers: DevicePluginHandlers): Promise<Listening> {
  return await listen(socket, DevicePluginClient.service, {
    GetDevicePluginOptions: answered(() => handlers.options()),
    ListAndWatch(stream: {
      write(message: ListAndWatchResponse): void;
      end(): void;
      on(event: string, listener: () => void): void;
    }) {
      const watcher = handlers.watch({
        send: (devices) => stream.write({ devices }),
        end: () => stream.end(),
      });
      let open = true;
      const closed = () => {
        if (open) watcher.closed();
        open = false;
      };
      stream.on('cancelled', closed);
      stream.on('finish', closed);
    },
    GetPreferredAllocation: answered((request: PreferredAllocationRequest) => handlers.preferred(request)),
    Allocate: answered((request: AllocateRequest) => handlers.allocate(request)),
    PreStartContainer: answered(async (request: PreStartContainerRequest) => {
      await handlers.preStart(request);
      return {};
    }),
  });
}

/** The kubelet's side of a plugin. */
export class DevicePlugin {
  readonly #client: Client;

  constructor(socket: string) {
    this.#client = connectTo(DevicePluginClient, socket);
  }

  async options(deadlineMs: number): Promise<DevicePluginOptions> {
    return await call(this.#client, 'GetDevicePluginOptions', {}, { deadlineMs });
  }

  /** Opens ListAndWatch; `ended` is called once, whichever side ended it. Returns how to cancel. */
  listAndWatch(listener: { devices(devices: Device[]): void; ended(reason: string): void }): () => void {
    const client = this.#client as unknown as {
      ListAndWatch(request: object): ClientReadableStream<ListAndWatchResponse>;
    };
    const stream = client.ListAndWatch({});
    let open = true;
    const ended = (reason: string) => {
      if (open) listener.ended(reason);
      open = false;
    };
    stream.on('data', (message: ListAndWatchResponse) => listener.devices(message.devices));
    stream.on('error', (error: Error) => ended(error.message));
    stream.on('end', () => ended('the stream ended'));
    return () => stream.cancel();
  }

  async preferred(request: PreferredAllocationRequest): Promise<PreferredAllocationResponse> {
    return await call(this.#client, 'GetPreferredAllocation', request);
  }

  /** Without a deadline, as the kubelet calls it. */
  async allocate(request: AllocateRequest): Promise<AllocateResponse> {
    return await call(this.#client, 'Allocate', request);
  }

  async preStart(request: PreStartContainerRequest, deadlineMs: number): Promise<void> {
    await call(this.#client, 'PreStartContainer', request, { deadlineMs });
  }

  close(): void {
    this.#client.close();
  }
}

/** Serves the kubelet's Registration service. */
export async function serveRegistration(
  socket: string,
  register: (request: RegisterRequest) => Promise<void>,
): Promise<Listening> {
  return await listen(socket, RegistrationClient.service, {
    Register: answered(async (request: RegisterRequest) => {
      await register(request);
      return {};
    }),
  });
}

/**
 * Registers a plugin with the kubelet behind `kubeletSocket`.
 * @throws a gRPC ServiceError: the kubelet's refusal, or its absence after `deadlineMs` (10 s unless told).
 */
export async function registerPlugin(
  kubeletSocket: string,
  request: { endpoint: string; resource: string; options?: DevicePluginOptions; version?: string },
  deadlineMs = 10_000,
): Promise<void> {
  const client = connectTo(RegistrationClient, kubeletSocket);
  try {
    const message: RegisterRequest = {
      version: request.version ?? PLUGIN_API_VERSION,
      endpoint: request.endpoint,
      resource_name: request.resource,
      options: request.options ?? null,
    };
    await call(client, 'Register', message, { deadlineMs });
  } finally {
    client.close();
  }
}
