/** Calls of the device plugin API passed on as they are: the bytes of a message that is not read are not changed either. */
import {
  type Client,
  type ClientReadableStream,
  Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { DevicePluginClient } from './definition.ts';

type Methods = Record<string, MethodDefinition<object, object>>;
const methods = DevicePluginClient.service as unknown as Methods;

const same = (bytes: Buffer): Buffer => bytes;

/** The service DevicePlugin, of which every message is its bytes. */
export const RAW_DEVICE_PLUGIN = Object.fromEntries(
  Object.entries(methods).map(([name, method]) => [
    name,
    {
      ...method,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  ]),
);

/** What the bytes of a call’s request say. */
export function requestIn<Request>(method: string, bytes: Buffer): Request {
  return methods[method]?.requestDeserialize(bytes) as Request;
}

/** What the bytes of a call’s answer say. */
export function answerIn<Answer>(method: string, bytes: Buffer): Answer {
  return methods[method]?.responseDeserialize(bytes) as Answer;
}

export interface Forwarded {
  bytes: Buffer;
  trailer: Metadata;
}

/**
 * Makes the same call at another plugin: with its metadata and its deadline, cancelled where it is.
 * @throws ServiceError as the other plugin has it: code, details, metadata.
 */
export function forward(
  client: Client,
  method: string,
  call: ServerUnaryCall<Buffer, Buffer>,
): Promise<Forwarded> {
  return new Promise((resolve, reject) => {
    let trailer = new Metadata();
    let answer: { error: ServiceError | null; bytes: Buffer | undefined } | undefined;
    let ended = false;
    // The answer and the status come in either order.
    const settle = () => {
      if (!answer || !ended) return;
      if (answer.error) reject(answer.error);
      else resolve({ bytes: answer.bytes ?? Buffer.alloc(0), trailer });
    };
    const upstream = client.makeUnaryRequest<Buffer, Buffer>(
      pathOf(method),
      same,
      same,
      call.request,
      call.metadata.clone(),
      { deadline: call.getDeadline() },
      (error, bytes) => {
        answer = { error, bytes };
        settle();
      },
    );
    upstream.on('metadata', (initial: Metadata) => call.sendMetadata(initial));
    upstream.on('status', ({ metadata }: { metadata: Metadata }) => {
      trailer = metadata;
      ended = true;
      settle();
    });
    if (call.cancelled) upstream.cancel();
    call.on('cancelled', () => upstream.cancel());
  });
}

/** The plugin’s side of a stream that is passed on. */
export interface StreamListener {
  message(bytes: Buffer): void;
  /** Once, whoever ended it. */
  ended(by: 'kubelet' | 'plugin', reason: string): void;
}

/** Opens the same stream at another plugin and passes its messages on, until either side ends it. Returns what ends both. */
export function forwardStream(
  client: Client,
  method: string,
  call: ServerWritableStream<Buffer, Buffer>,
  listener: StreamListener,
): () => void {
  const upstream: ClientReadableStream<Buffer> = client.makeServerStreamRequest<Buffer, Buffer>(
    pathOf(method),
    same,
    same,
    call.request,
    call.metadata.clone(),
    { deadline: call.getDeadline() },
  );
  let open = true;
  const ended = (by: 'kubelet' | 'plugin', reason: string) => {
    if (open) listener.ended(by, reason);
    open = false;
  };
  upstream.on('metadata', (initial: Metadata) => call.sendMetadata(initial));
  upstream.on('data', (bytes: Buffer) => {
    if (!open) return;
    call.write(bytes);
    listener.message(bytes);
  });
  upstream.on('error', () => undefined);
  upstream.on('status', ({ code, details, metadata }) => {
    if (!open) return;
    ended('plugin', code === status.OK ? 'the plugin ended it' : details);
    if (code === status.OK) call.end(metadata);
    else call.emit('error', { code, details, metadata });
  });
  const cancelled = () => {
    ended('kubelet', 'the kubelet ended it');
    upstream.cancel();
  };
  call.on('cancelled', cancelled);
  return () => {
    open = false;
    upstream.cancel();
    call.end();
  };
}

function pathOf(method: string): string {
  const { path } = methods[method] ?? {};
  if (path === undefined) throw new TypeError(`the service DevicePlugin has no method ${method}`);
  return path;
}
