import { rm } from 'node:fs/promises';
import {
  type ChannelCredentials,
  type Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { messageOf } from '../../harness/errors/error.ts';

/** sun_path holds 108 bytes, the last of them a zero. */
const MAX_SOCKET_PATH = 107;

const channelOptions = {
  // A channel a socket: the process-wide pool would hand a new plugin the old one's broken connection.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

function target(socket: string): string {
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new Error(`the socket path ${socket} is longer than ${MAX_SOCKET_PATH} bytes`);
  }
  return `unix://${socket}`;
}

/** A client of one service over a unix socket. */
export function connectTo<C extends Client>(
  Constructor: new (address: string, credentials: ChannelCredentials, options: object) => C,
  socket: string,
): C {
  return new Constructor(target(socket), credentials.createInsecure(), channelOptions);
}

/**
 * One unary call. Without `deadlineMs` it waits for ever, as the kubelet's Allocate does.
 * @throws a gRPC ServiceError.
 */
export function call<Response>(
  client: Client,
  method: string,
  request: object,
  options: { deadlineMs?: number } = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const invoke = (client as unknown as Record<string, (...args: unknown[]) => void>)[method];
    const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
    invoke?.call(client, request, deadline, (error: ServiceError | null, response: Response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

/** Answers a unary call by a promise; what it rejects with is the call's error message. */
export function answered<Request, Response>(answer: (request: Request) => Promise<Response> | Response) {
  return async (
    { request }: { request: Request },
    callback: (error: Partial<ServiceError> | null, response?: Response) => void,
  ) => {
    try {
      callback(null, await answer(request));
    } catch (error) {
      callback({ code: status.UNKNOWN, details: messageOf(error) });
    }
  };
}

export interface Listening {
  /** Takes no more calls, and resolves when what was answered is on its way; at the latest after so long. */
  drain(deadlineMs: number): Promise<void>;
  /** Ends every call and stream at once and removes the socket's file. */
  close(): Promise<void>;
}

/** Serves one service on a unix socket; a file that is there is replaced. */
export async function listen(
  socket: string,
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Promise<Listening> {
  const address = target(socket);
  await rm(socket, { force: true });
  const server = new Server();
  server.addService(service, implementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {
    async drain(deadlineMs) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, deadlineMs);
        }),
      ]);
      clearTimeout(timer);
    },
    async close() {
      server.forceShutdown();
      await rm(socket, { force: true });
    },
  };
}
