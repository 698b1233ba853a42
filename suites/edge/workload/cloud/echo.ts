import { createSocket } from 'node:dgram';

export interface Echo {
  close(): void;
}

/** Sends every UDP datagram back to where it came from, with the echo's own name behind it. */
export async function startEcho(at: { host: string; port: number }, name: string): Promise<Echo> {
  const { host, port } = at;
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const signature = Buffer.from(name);
  socket.on('message', (datagram, from) => socket.send([datagram, signature], from.port, from.address));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      // One answer that could not be sent is a probe that is lost, and no reason to fall over.
      socket.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
  return { close: () => socket.close() };
}
