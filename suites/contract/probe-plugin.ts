import { join } from 'node:path';
import {
  type DeviceStream,
  registerPlugin,
  serveDevicePlugin,
} from '../../clusters/kubelet-api/device-plugin.ts';
import { type ContainerAllocateResponse, HEALTHY, UNHEALTHY } from '../../clusters/kubelet-api/messages.ts';
import type { Listening } from '../../clusters/kubelet-api/transport.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { RESOURCE_PREFIX } from './bench.ts';

export type Method =
  | 'GetDevicePluginOptions'
  | 'ListAndWatch'
  | 'GetPreferredAllocation'
  | 'Allocate'
  | 'PreStartContainer';

/** One call of the kubelet. Times without a suffix are monotonic milliseconds of this process. */
export interface Call {
  method: Method;
  asked: number;
  /** When the answer went out; of a ListAndWatch, when it was over. */
  answered?: number;
  answeredWall?: number;
  /** Of a ListAndWatch that is over. */
  endedBy?: 'plugin' | 'kubelet';
  /** Device IDs, a list for each container asked for; PreStartContainer is about one container. */
  containers?: string[][];
  preferred?: { available: string[]; mustInclude: string[]; size: number };
}

export interface ProbePluginOptions {
  preStart?: boolean;
  preferred?: boolean;
  endpoint?: string;
  /** In place of the contract's own. */
  resource?: string;
  /** Hears of each call as it is asked and as it is over. */
  heard?: (call: Call, moment: 'asked' | 'over') => void;
}

/** What a case has the plugin do instead of answering at once. */
export interface Behaviour {
  preferred?: () => string[];
  allocate?: (devices: string[]) => Promise<ContainerAllocateResponse[]>;
  preStart?: (devices: string[]) => Promise<void>;
}

/** The answer that a container shows by `echo $CONTRACT_DEVICES`. */
export function answerOf(devices: string[]): ContainerAllocateResponse {
  return { envs: { CONTRACT_DEVICES: [...devices].sort().join() } };
}

/** The kubelet waits up to 10 s for a plugin's socket before it refuses a registration. */
const REGISTER_DEADLINE_MS = 15_000;

/** A device plugin in this process that writes down every call. Its devices are `<purpose>-<index>`. */
export class ProbePlugin {
  readonly purpose: string;
  readonly resource: string;
  readonly endpoint: string;
  /** In the order in which they were asked. */
  readonly calls: Call[] = [];
  behaviour: Behaviour = {};
  readonly #folder: string;
  readonly #options: ProbePluginOptions;
  readonly #healthy: Map<string, boolean>;
  readonly #streams = new Set<DeviceStream>();
  readonly #endedHere = new WeakSet<DeviceStream>();
  #endedStreams = 0;
  #server: Listening | undefined;
  #stopping = false;

  constructor(folder: string, purpose: string, count: number, options: ProbePluginOptions) {
    this.purpose = purpose;
    this.resource = options.resource ?? `${RESOURCE_PREFIX}${purpose}`;
    this.endpoint = options.endpoint ?? `contract-${purpose}.sock`;
    this.#folder = folder;
    this.#options = options;
    this.#healthy = new Map(Array.from({ length: count }, (_, index) => [`${purpose}-${index}`, true]));
  }

  callsOf(method: Method): Call[] {
    return this.calls.filter((call) => call.method === method);
  }

  async serve(): Promise<void> {
    this.#stopping = false;
    this.#server = await serveDevicePlugin(join(this.#folder, this.endpoint), {
      options: () => {
        this.#end(this.#begin('GetDevicePluginOptions'));
        return {
          pre_start_required: this.#options.preStart ?? false,
          get_preferred_allocation_available: this.#options.preferred ?? false,
        };
      },
      watch: (stream) => {
        const call = this.#begin('ListAndWatch');
        this.#streams.add(stream);
        stream.send(this.#advertised);
        return {
          closed: () => {
            this.#streams.delete(stream);
            if (this.#endedHere.has(stream)) this.#endedStreams += 1;
            call.endedBy = this.#stopping || this.#endedHere.has(stream) ? 'plugin' : 'kubelet';
            this.#end(call);
          },
        };
      },
      preferred: ({ container_requests }) => {
        const [asked] = container_requests;
        const call = this.#begin('GetPreferredAllocation');
        call.preferred = {
          available: [...(asked?.available_deviceIDs ?? [])].sort(),
          mustInclude: [...(asked?.must_include_deviceIDs ?? [])].sort(),
          size: asked?.allocation_size ?? 0,
        };
        this.#end(call);
        return { container_responses: [{ deviceIDs: this.behaviour.preferred?.() ?? [] }] };
      },
      allocate: async ({ container_requests }) => {
        const containers = container_requests.map(({ devices_ids }) => devices_ids);
        const devices = containers.flat();
        const call = this.#begin('Allocate', containers);
        try {
          return {
            container_responses: (await this.behaviour.allocate?.(devices)) ?? [answerOf(devices)],
          };
        } finally {
          this.#end(call);
        }
      },
      preStart: async ({ devices_ids }) => {
        const call = this.#begin('PreStartContainer', [devices_ids]);
        try {
          await this.behaviour.preStart?.(devices_ids);
        } finally {
          this.#end(call);
        }
      },
    });
  }

  /** Registers with the kubelet; what is given here replaces the plugin's own. @throws the kubelet's refusal. */
  async register(request: { version?: string; resource?: string; endpoint?: string } = {}): Promise<void> {
    await registerPlugin(
      join(this.#folder, 'kubelet.sock'),
      { endpoint: this.endpoint, resource: this.resource, ...request },
      REGISTER_DEADLINE_MS,
    );
  }

  setHealthy(device: string, healthy: boolean): void {
    this.#healthy.set(device, healthy);
    for (const stream of this.#streams) stream.send(this.#advertised);
  }

  /** Streams that a kubelet has open. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Streams that are over because `endStreams` ended them. */
  get endedStreams(): number {
    return this.#endedStreams;
  }

  /** Ends every ListAndWatch, and goes on serving. */
  endStreams(): void {
    for (const stream of this.#streams) {
      this.#endedHere.add(stream);
      stream.end();
    }
  }

  /** Ends every stream and call and takes the socket away. Safe to repeat. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#server?.close();
    this.#server = undefined;
  }

  get #advertised() {
    return [...this.#healthy].map(([ID, healthy]) => ({ ID, health: healthy ? HEALTHY : UNHEALTHY }));
  }

  #begin(method: Method, containers?: string[][]): Call {
    const call: Call = { method, asked: systemClock.mono(), ...(containers ? { containers } : {}) };
    this.calls.push(call);
    this.#options.heard?.(call, 'asked');
    return call;
  }

  #end(call: Call): void {
    call.answered = systemClock.mono();
    call.answeredWall = systemClock.wall();
    this.#options.heard?.(call, 'over');
  }
}
