import { createSocket } from 'node:dgram';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { machineClock } from '../workload/program.ts';

export interface TcpProxy {
  port: number;
  /** `reset`: connections end and new ones are refused. `silent`: they stand, and nothing passes, not their end either. */
  cut(how: 'reset' | 'silent'): void;
  mend(): void;
  close(): Promise<void>;
}

/** The way to a broker, which a test can cut. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let state: 'open' | 'reset' | 'silent' = 'open';
  const server = createServer({ allowHalfOpen: true }, (near) => {
    near.on('error', () => undefined);
    if (state === 'reset') return near.destroy();
    open.add(near);
    if (state === 'silent') return;
    const far = connect(target, '127.0.0.1');
    far.on('error', () => near.destroy());
    open.add(far);
    near.on('data', (data) => state === 'open' && far.write(data));
    far.on('data', (data) => state === 'open' && near.write(data));
    // What came before an orderly end is passed on before the end is.
    near.on('end', () => state === 'open' && far.end());
    near.on('close', () => far.end());
    far.on('close', () => state === 'open' && near.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut(how) {
      state = how;
      if (how === 'reset') drop();
    },
    mend() {
      // What a silent cut swallowed is not made good: those connections are dead.
      if (state === 'silent') drop();
      state = 'open';
    },
    async close() {
      drop();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export interface UdpProxy {
  port: number;
  /** Drops everything from now on; the moment, on the machine's monotonic clock. */
  cut(): number;
  mend(): number;
  /** Holds answers back for so long. */
  delayMs: number;
  /** That came back through it so far. */
  answers: number;
  /** That it did not let through so far, either way. */
  dropped: number;
  close(): void;
}

/** The way to an echo, which a test can cut. */
export async function udpProxy(target: number): Promise<UdpProxy> {
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  const timers = new Set<NodeJS.Timeout>();
  let open = true;
  let client: number | undefined;
  near.on('message', (datagram, { port }) => {
    client = port;
    if (open) far.send(datagram, target, '127.0.0.1');
    else proxy.dropped += 1;
  });
  far.on('message', (datagram) => {
    if (!open) proxy.dropped += 1;
    if (!open || client === undefined) return;
    const back = client;
    const timer = setTimeout(() => {
      timers.delete(timer);
      proxy.answers += 1;
      near.send(datagram, back, '127.0.0.1');
    }, proxy.delayMs);
    timers.add(timer);
  });
  await new Promise<void>((resolve) => near.bind(0, '127.0.0.1', resolve));
  const turn = (state: boolean) => {
    open = state;
    return machineClock.mono();
  };
  const proxy: UdpProxy = {
    port: near.address().port,
    cut: () => turn(false),
    mend: () => turn(true),
    delayMs: 0,
    answers: 0,
    dropped: 0,
    close() {
      for (const timer of timers) clearTimeout(timer);
      near.close();
      far.close();
    },
  };
  return proxy;
}
