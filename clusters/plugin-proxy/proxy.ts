import { join } from 'node:path';
import {
  type Client,
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../harness/clock/clock.ts';
import { DevicePluginClient } from '../kubelet-api/definition.ts';
import { DevicePlugin, registerPlugin } from '../kubelet-api/device-plugin.ts';
import { answerIn, forward, forwardStream, RAW_DEVICE_PLUGIN, requestIn } from '../kubelet-api/forward.ts';
import {
  type AllocateRequest,
  HEALTHY,
  type ListAndWatchResponse,
  type PreferredAllocationRequest,
  type PreStartContainerRequest,
} from '../kubelet-api/messages.ts';
import { connectTo, type Listening, listen } from '../kubelet-api/transport.ts';
import { injectionFor, PluginCall } from './injection.ts';
import { ownEndpoint } from './layout.ts';
import type { ProxyEntry } from './log.ts';
import type { ProxySettings } from './settings.ts';

const DIAL_MS = 10_000;
/** How long calls that were let go may take to be answered before the proxy goes away. */
const RELEASE_MS = 5_000;
const DRAIN_MS = 1_000;

export interface ProxyOptions {
  settings: ProxySettings;
  clock: Clock;
  log: { write(entry: ProxyEntry): void };
  /** The way to the vendor’s plugin is lost, or the kubelet looks elsewhere: the proxy stands for nothing any more. */
  lost(reason: string): void;
}

/** Stands in front of a device plugin for the kubelet, forwards every call and stream, and injects what it is told. */
export class PluginProxy {
  readonly #options: ProxyOptions;
  readonly #vendor: Client;
  readonly #counts = new Map<PluginCall, number>();
  readonly #releasing = new AbortController();
  readonly #open = new Set<Promise<void>>();
  /** What ends each ListAndWatch that is open. */
  readonly #streams = new Set<() => void>();
  #server: Listening | undefined;
  /** The answer that a duplicate gives again. */
  #earlier: Buffer | undefined;

  constructor(options: ProxyOptions) {
    const { devicePlugins, vendor } = options.settings;
    this.#options = options;
    this.#vendor = connectTo(DevicePluginClient, join(devicePlugins, vendor));
  }

  /** Serves, and registers for the vendor’s resource. @throws a gRPC ServiceError: the vendor’s, or the kubelet’s refusal. */
  async start(): Promise<void> {
    const { log, settings } = this.#options;
    const { devicePlugins, resource, vendor } = settings;
    const plugin = new DevicePlugin(join(devicePlugins, vendor));
    const options = await plugin.options(DIAL_MS).finally(() => plugin.close());
    const endpoint = ownEndpoint(resource);
    this.#server = await listen(join(devicePlugins, endpoint), RAW_DEVICE_PLUGIN, {
      GetDevicePluginOptions: (call: Call, callback: Callback) =>
        this.#pass('GetDevicePluginOptions', call, callback),
      ListAndWatch: (stream: ServerWritableStream<Buffer, Buffer>) => this.#stream(stream),
      ...Object.fromEntries(
        PluginCall.options.map((name) => [
          name,
          (call: Call, callback: Callback) => this.#unary(name, call, callback),
        ]),
      ),
    });
    await registerPlugin(join(devicePlugins, 'kubelet.sock'), { endpoint, resource, options });
    log.write({ type: 'in-front', resource, vendor });
  }

  /** Lets go of the calls that it holds, waits for their answers, and goes away. */
  async stop(reason: string): Promise<void> {
    const { clock, log } = this.#options;
    this.#releasing.abort();
    await Promise.race([Promise.allSettled(this.#open), clock.sleep(RELEASE_MS)]);
    for (const end of this.#streams) end();
    await this.#server?.drain(DRAIN_MS);
    await this.#server?.close();
    this.#vendor.close();
    log.write({ type: 'gone', reason });
  }

  async #pass(name: string, call: Call, callback: Callback): Promise<void> {
    try {
      const { bytes, trailer } = await forward(this.#vendor, name, call);
      callback(null, bytes, trailer);
    } catch (error) {
      callback(error as ServiceError);
    }
  }

  #unary(name: PluginCall, call: Call, callback: Callback): void {
    const answering = this.#answer(name, call, callback).finally(() => this.#open.delete(answering));
    this.#open.add(answering);
  }

  async #answer(name: PluginCall, call: Call, callback: Callback): Promise<void> {
    const { clock, log, settings } = this.#options;
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    let injection = injectionFor(settings.injection, name, nth);
    const about = { call: name, nth, devices: devicesIn(name, call.request) };
    const askedAt = clock.mono();
    let heldMs = 0;
    let forwarded = false;
    let outcome = 'OK';
    try {
      if (injection?.kind === 'error') throw failure(status[injection.code], injection.message);
      if (injection?.kind === 'delay' || injection?.kind === 'hang') {
        log.write({ type: 'holding', ...about, injected: injection.kind });
        await this.#hold(injection.kind === 'delay' ? injection.delayMs : FOR_EVER_MS, call);
      }
      heldMs = clock.mono() - askedAt;
      forwarded = true;
      const { bytes, trailer } = await forward(this.#vendor, name, call);
      const earlier = name === 'Allocate' && injection?.kind === 'duplicate' ? this.#earlier : undefined;
      if (name === 'Allocate') this.#earlier ??= bytes;
      if (injection?.kind === 'duplicate' && !earlier) injection = undefined;
      callback(null, earlier ?? bytes, trailer);
    } catch (error) {
      const { code = status.UNKNOWN } = error as Partial<ServiceError>;
      outcome = status[code] ?? String(code);
      callback(error as ServiceError);
    }
    log.write({
      type: 'call',
      ...about,
      ...(injection && { injected: injection.kind }),
      forwarded,
      outcome: call.cancelled ? 'CANCELLED' : outcome,
      heldMs,
      tookMs: clock.mono() - askedAt,
    });
  }

  /** @throws a ServiceError where the kubelet gave up; what is let go before its time is forwarded after all. */
  async #hold(ms: number, call: Call): Promise<void> {
    const givenUp = new AbortController();
    call.on('cancelled', () => givenUp.abort());
    if (call.cancelled) givenUp.abort();
    const signal = AbortSignal.any([givenUp.signal, this.#releasing.signal]);
    await this.#options.clock.sleep(ms, signal).catch(() => undefined);
    if (givenUp.signal.aborted) throw failure(status.CANCELLED, 'the kubelet gave up');
  }

  #stream(stream: ServerWritableStream<Buffer, Buffer>): void {
    const { clock, log, lost, settings } = this.#options;
    const { injection } = settings;
    const over = new AbortController();
    const end = forwardStream(this.#vendor, 'ListAndWatch', stream, {
      message(bytes) {
        const { devices } = answerIn<ListAndWatchResponse>('ListAndWatch', bytes);
        const healthy = devices.filter(({ health }) => health === HEALTHY).length;
        log.write({ type: 'devices', healthy, unhealthy: devices.length - healthy });
      },
      ended: (by, reason) => {
        over.abort();
        this.#streams.delete(end);
        log.write({ type: 'stream-ended', by: by === 'plugin' ? 'vendor' : by, reason });
        lost(by === 'plugin' ? 'the vendor’s plugin ended its stream' : 'the kubelet ended the stream');
      },
    });
    this.#streams.add(end);
    if (injection.kind !== 'stream-lost') return;
    const lose = () => {
      if (!this.#streams.delete(end)) return;
      end();
      log.write({ type: 'stream-ended', by: 'injection', reason: `after ${injection.afterMs} ms` });
    };
    clock.sleep(injection.afterMs, over.signal).then(lose, () => undefined);
  }
}

type Call = ServerUnaryCall<Buffer, Buffer>;
type Callback = sendUnaryData<Buffer>;

/** As long as a timer can be. */
const FOR_EVER_MS = 2 ** 31 - 1;

function failure(code: status, details: string): Pick<ServiceError, 'code' | 'details' | 'metadata'> {
  return { code, details, metadata: new Metadata() };
}

function devicesIn(name: PluginCall, request: Buffer): string[] {
  if (name === 'PreStartContainer') return requestIn<PreStartContainerRequest>(name, request).devices_ids;
  if (name === 'GetPreferredAllocation') {
    const { container_requests } = requestIn<PreferredAllocationRequest>(name, request);
    return container_requests.flatMap(({ available_deviceIDs }) => available_deviceIDs);
  }
  return requestIn<AllocateRequest>(name, request).container_requests.flatMap(
    ({ devices_ids }) => devices_ids,
  );
}
