import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { DevicePluginClient } from '../kubelet-api/definition.ts';
import { DevicePlugin, registerPlugin, serveRegistration } from '../kubelet-api/device-plugin.ts';
import { RAW_DEVICE_PLUGIN } from '../kubelet-api/forward.ts';
import type { Device, RegisterRequest } from '../kubelet-api/messages.ts';
import { connectTo, type Listening, listen } from '../kubelet-api/transport.ts';
import type { Injection } from './injection.ts';
import { ownEndpoint } from './layout.ts';
import type { ProxyEntry } from './log.ts';
import { PluginProxy } from './proxy.ts';

const RESOURCE = 'nvidia.com/gpu';
const NOTHING: Injection = { kind: 'stream-lost', afterMs: 600_000 };
const same = (bytes: Buffer): Buffer => bytes;

type Call = ServerUnaryCall<Buffer, Buffer>;
type Answer = (call: Call, callback: sendUnaryData<Buffer>) => void;

describe('a proxy in front of a device plugin', () => {
  let folder: string;
  let registered: RegisterRequest[];
  let kubelet: Listening;
  let vendor: Listening;
  let proxy: PluginProxy;
  let client: Client;
  let lines: ProxyEntry[];
  let lost: string[];
  let calls: Call[];
  let streams: ServerWritableStream<Buffer, Buffer>[];
  let answer: Answer;
  const options = { pre_start_required: true, get_preferred_allocation_available: true };
  const soon = { deadlineMs: 5_000, intervalMs: 5 };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'px-'));
    registered = [];
    lines = [];
    lost = [];
    calls = [];
    streams = [];
    answer = (call, callback) => callback(null, call.request);
    kubelet = await serveRegistration(join(folder, 'kubelet.sock'), async (request) => {
      registered.push(request);
    });
    const unary = (call: Call, callback: sendUnaryData<Buffer>) => {
      calls.push(call);
      answer(call, callback);
    };
    vendor = await listen(join(folder, 'vendor.sock'), RAW_DEVICE_PLUGIN, {
      GetDevicePluginOptions: (_: Call, callback: sendUnaryData<Buffer>) =>
        callback(null, DevicePluginClient.service.GetDevicePluginOptions?.responseSerialize(options)),
      ListAndWatch: (stream: ServerWritableStream<Buffer, Buffer>) => void streams.push(stream),
      GetPreferredAllocation: unary,
      Allocate: unary,
      PreStartContainer: unary,
    });
  });

  afterEach(async () => {
    client?.close();
    await proxy?.stop('the test is over');
    await vendor.close();
    await kubelet.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const socket = () => join(folder, ownEndpoint(RESOURCE));
  const stand = async (injection: Injection = NOTHING) => {
    proxy = new PluginProxy({
      settings: {
        ...{ resource: RESOURCE, vendor: 'vendor.sock', injection },
        ...{ devicePlugins: folder, podResources: folder, stateDir: folder },
      },
      clock: systemClock,
      log: { write: (line) => void lines.push(line) },
      lost: (reason) => void lost.push(reason),
    });
    await proxy.start();
    client = connectTo(DevicePluginClient, socket());
  };
  interface Said {
    bytes: Buffer | undefined;
    error: ServiceError | null;
    initial: Metadata;
    trailer: Metadata;
  }
  const call = (method: string, bytes: Buffer, metadata = new Metadata(), deadlineMs?: number) => {
    let cancel = () => {};
    const said = new Promise<Said>((resolve) => {
      let initial = new Metadata();
      let trailer = new Metadata();
      let answered: Pick<Said, 'bytes' | 'error'> | undefined;
      const upstream = client.makeUnaryRequest<Buffer, Buffer>(
        `/v1beta1.DevicePlugin/${method}`,
        same,
        same,
        bytes,
        metadata,
        deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
        (error, answerBytes) => {
          answered = { error, bytes: answerBytes };
        },
      );
      cancel = () => upstream.cancel();
      upstream.on('metadata', (received: Metadata) => {
        initial = received;
      });
      upstream.on('status', ({ metadata: received }: { metadata: Metadata }) => {
        trailer = received;
        setImmediate(() => resolve({ ...(answered as Said), initial, trailer }));
      });
    });
    return { said, cancel: () => cancel() };
  };
  const allocate = (...devices: string[]) =>
    DevicePluginClient.service.Allocate?.requestSerialize({
      container_requests: [{ devices_ids: devices }],
    }) as Buffer;

  it('registers for the vendor’s resource, with the vendor’s options', async () => {
    await stand();
    expect(registered).to.deep.equal([
      { version: 'v1beta1', endpoint: ownEndpoint(RESOURCE), resource_name: RESOURCE, options },
    ]);
    const plugin = new DevicePlugin(socket());
    expect(await plugin.options(2_000)).to.deep.equal(options);
    plugin.close();
  });

  it('does not take the place of a plugin that does not answer', async () => {
    await vendor.close();
    const error = await stand().catch((thrown: Error) => thrown);
    expect(error).to.be.instanceOf(Error);
    expect(registered).to.deep.equal([]);
  });

  it('passes every byte of a call and of its answer on, also of fields that it does not know', async () => {
    await stand();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GetPreferredAllocation', 'Allocate', 'PreStartContainer'),
        fc.array(fc.string(), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 200 }),
        async (method, devices, unknown) => {
          const known =
            method === 'Allocate'
              ? allocate(...devices)
              : (DevicePluginClient.service[method]?.requestSerialize({}) as Buffer);
          // Field 900, of bytes.
          const bytes = Buffer.concat([
            known,
            Buffer.from([
              0xa2,
              0x38,
              ...(unknown.length < 128
                ? [unknown.length]
                : [(unknown.length & 127) | 128, unknown.length >> 7]),
            ]),
            unknown,
          ]);
          const { bytes: given, error } = await call(method, bytes).said;
          expect(error).to.equal(null);
          expect(calls.at(-1)?.request.equals(bytes) && given?.equals(bytes)).to.equal(true);
        },
      ),
      { numRuns: 60 },
    );
    expect(lines.some((line) => line.type === 'call' && line.injected !== undefined)).to.equal(false);
  });

  it('passes metadata on, both ways, at the beginning and the end', async () => {
    await stand();
    answer = (_, callback) => {
      const trailer = new Metadata();
      trailer.set('at-the-end', 'c');
      callback(null, Buffer.alloc(0), trailer);
    };
    const echo = answer;
    answer = (incoming, callback) => {
      const initial = new Metadata();
      initial.set('at-the-beginning', 'b');
      incoming.sendMetadata(initial);
      echo(incoming, callback);
    };
    const metadata = new Metadata();
    metadata.set('from-the-kubelet', 'a');
    metadata.set('in-bytes-bin', Buffer.from([0, 255]));
    const { initial, trailer } = await call('Allocate', allocate('a'), metadata).said;
    expect(calls[0]?.metadata.get('from-the-kubelet')).to.deep.equal(['a']);
    expect(calls[0]?.metadata.get('in-bytes-bin')).to.deep.equal([Buffer.from([0, 255])]);
    expect(initial.get('at-the-beginning')).to.deep.equal(['b']);
    expect(trailer.get('at-the-end')).to.deep.equal(['c']);
  });

  it('passes an error on as it is: its code, its words and what comes with it', async () => {
    await stand();
    for (const code of [status.UNAVAILABLE, status.INVALID_ARGUMENT, status.UNIMPLEMENTED]) {
      answer = (_, callback) => {
        const metadata = new Metadata();
        metadata.set('why', 'it is so');
        callback({ code, details: 'no GPU: “Xid 79”', metadata });
      };
      const { error, trailer } = await call('Allocate', allocate('a')).said;
      expect(error).to.include({ code, details: 'no GPU: “Xid 79”' });
      expect(trailer.get('why')).to.deep.equal(['it is so']);
    }
  });

  it('passes a deadline and a cancellation on', async () => {
    await stand();
    answer = () => undefined;
    const late = call('PreStartContainer', Buffer.alloc(0), new Metadata(), 2_000);
    await waitFor(() => calls.length === 1, { what: 'the call', ...soon });
    expect(Number(calls[0]?.getDeadline()) - Date.now()).to.be.within(1, 2_000);
    expect((await late.said).error).to.include({ code: status.DEADLINE_EXCEEDED });
    await waitFor(() => calls[0]?.cancelled, { what: 'its end at the plugin', ...soon });

    const given = call('Allocate', allocate('a'));
    await waitFor(() => calls.length === 2, { what: 'the call', ...soon });
    expect(calls[1]?.getDeadline()).to.equal(Number.POSITIVE_INFINITY);
    given.cancel();
    await waitFor(() => calls[1]?.cancelled, { what: 'its cancellation at the plugin', ...soon });
    await given.said;
  });

  it('passes lists of devices on as they come, and is lost when the plugin ends them', async () => {
    await stand();
    const plugin = new DevicePlugin(socket());
    const lists: Device[][] = [];
    let ended = '';
    plugin.listAndWatch({
      devices: (list) => lists.push(list),
      ended: (reason) => {
        ended = reason;
      },
    });
    await waitFor(() => streams.length === 1, { what: 'the stream at the plugin', ...soon });
    const list = (health: string) =>
      DevicePluginClient.service.ListAndWatch?.responseSerialize({
        devices: [{ ID: 'a', health }],
      }) as Buffer;
    for (const health of ['Healthy', 'Unhealthy']) {
      streams[0]?.write(list(health));
      await waitFor(() => lists.at(-1)?.[0]?.health === health, { what: health, ...soon });
    }
    expect(lists).to.have.length(2);
    streams[0]?.emit('error', { code: status.ABORTED, details: 'the plugin restarts' });
    await waitFor(() => ended !== '', { what: 'the end', ...soon });
    expect(ended).to.include('the plugin restarts');
    expect(lost).to.deep.equal(['the vendor’s plugin ended its stream']);
    plugin.close();
  });

  it('delays each so-many-eth call, and forwards it then', async () => {
    await stand({ kind: 'delay', call: 'Allocate', every: 2, delayMs: 300 });
    await call('Allocate', allocate('a')).said;
    await call('Allocate', allocate('b')).said;
    const [first, second] = lines.filter((line) => line.type === 'call');
    expect(first).to.include({ nth: 1, outcome: 'OK', forwarded: true }).and.not.have.property('injected');
    expect(second).to.include({ nth: 2, outcome: 'OK', forwarded: true, injected: 'delay' });
    expect(second?.type === 'call' && second.heldMs).to.be.at.least(295);
  });

  it('leaves a call without an answer until it goes away, and answers it then', async () => {
    await stand({ kind: 'hang', call: 'PreStartContainer', every: 1 });
    const hanging = call('PreStartContainer', Buffer.alloc(0));
    await waitFor(() => lines.some(({ type }) => type === 'holding'), { what: 'a held call', ...soon });
    expect(calls).to.deep.equal([]);
    await proxy.stop('it is told to');
    expect((await hanging.said).error).to.equal(null);
    expect(calls).to.have.length(1);
  });

  it('fails a call that the plugin never hears of, so many times', async () => {
    const error = { kind: 'error', call: 'Allocate', every: 1, atMost: 1 } as const;
    await stand({ ...error, code: 'RESOURCE_EXHAUSTED', message: 'on purpose' });
    const failed = await call('Allocate', allocate('a')).said;
    expect(failed.error).to.include({ code: status.RESOURCE_EXHAUSTED, details: 'on purpose' });
    expect(calls).to.deep.equal([]);
    expect((await call('Allocate', allocate('a')).said).error).to.equal(null);
  });

  it('gives an earlier answer again, of which the first call has none', async () => {
    await stand({ kind: 'duplicate', call: 'Allocate', every: 1 });
    const [first, second] = [
      await call('Allocate', allocate('a')).said,
      await call('Allocate', allocate('b')).said,
    ];
    expect(second.bytes?.equals(first.bytes as Buffer)).to.equal(true);
    expect(calls.map(({ request }) => request)).to.deep.equal([allocate('a'), allocate('b')]);
    expect(lines.map((line) => line.type === 'call' && line.injected)).to.deep.equal([
      false,
      undefined,
      'duplicate',
    ]);
  });

  it('ends the stream and goes on serving', async () => {
    // Long enough for the stream to have come through to the plugin.
    await stand({ kind: 'stream-lost', afterMs: 500 });
    const plugin = new DevicePlugin(socket());
    const ended = new Promise<string>((resolve) =>
      plugin.listAndWatch({ devices: () => undefined, ended: resolve }),
    );
    await waitFor(() => streams.length === 1, { what: 'the stream at the plugin', ...soon });
    expect(await ended).to.equal('the stream ended');
    await waitFor(() => streams[0]?.cancelled, { what: 'its end at the plugin', ...soon });
    expect((await call('Allocate', allocate('a')).said).error).to.equal(null);
    expect(lost).to.deep.equal([]);
    plugin.close();
  });

  it('leaves the vendor’s socket where it is, and takes its own away', async () => {
    await stand();
    await proxy.stop('it is told to');
    const request = { endpoint: 'vendor.sock', resource: RESOURCE };
    await registerPlugin(join(folder, 'kubelet.sock'), request);
    const plugin = new DevicePlugin(join(folder, 'vendor.sock'));
    expect(await plugin.options(2_000)).to.deep.equal(options);
    plugin.close();
    const own = new DevicePlugin(socket());
    expect(await own.options(500).catch((error: Error) => error)).to.be.instanceOf(Error);
    own.close();
  });
});
