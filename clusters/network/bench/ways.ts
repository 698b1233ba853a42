import { once } from 'node:events';
import { connect } from 'node:net';
import { wrap } from '../userland/wire/datagram.ts';
import { LOOPBACK, Udp } from '../userland/wire/udp.ts';

/** As a sensor's MQTT messages are: some hundred bytes. */
export const MESSAGE_BYTES = 512;

/** A way to an echo and back, on which messages are sent one by one and each comes back whole. */
export interface Way {
  /** @param back told of each message that is back */
  open(back: () => void): Promise<Ends>;
}

interface Ends {
  send(): void;
  close(): void;
}

/** Datagrams of a link's host traffic, as the edge sends them. */
export function byUdp(port: number): Way {
  return {
    async open(back) {
      const socket = await Udp.bind(back);
      const datagram = wrap('host', Buffer.alloc(MESSAGE_BYTES), false);
      return { send: () => socket.send(datagram, port), close: () => socket.close() };
    },
  };
}

/** Messages of one length in a TCP stream. */
export function byTcp(port: number): Way {
  return {
    async open(back) {
      const socket = connect({ host: LOOPBACK, port, noDelay: true });
      await once(socket, 'connect');
      const message = Buffer.alloc(MESSAGE_BYTES);
      let bytes = 0;
      socket.on('data', ({ length }) => {
        for (bytes += length; bytes >= MESSAGE_BYTES; bytes -= MESSAGE_BYTES) back();
      });
      return { send: () => socket.write(message), close: () => socket.destroy() };
    },
  };
}

/**
 * Messages of which each has a TCP connection to itself, as a datagram has its packet: no two of them are read or written
 * at once.
 */
export function byTcpEach(port: number, connections: number): Way {
  return {
    async open(back) {
      const idle: Ends[] = [];
      const all = await Promise.all(
        Array.from({ length: connections }, async () => {
          const ends = await byTcp(port).open(() => {
            idle.push(ends);
            back();
          });
          return ends;
        }),
      );
      idle.push(...all);
      return {
        send: () => idle.pop()?.send(),
        close: () => {
          for (const ends of all) ends.close();
        },
      };
    },
  };
}

/** Messages a second that come back, so many on their way at a time; one that is lost makes them fewer. */
export async function throughput(way: Way, inFlight: number, forMs: number): Promise<number> {
  let returned = 0;
  const ends = await way.open(() => {
    returned += 1;
    ends.send();
  });
  const from = performance.now();
  for (let count = 0; count < inFlight; count++) ends.send();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const ms = performance.now() - from;
  ends.close();
  return (1_000 * returned) / ms;
}

/** After which a message is lost. */
const LOST_MS = 10_000;

/**
 * Ms from sending to being back, of messages of which one is on its way at a time.
 * @throws where one is lost
 */
export async function roundTrips(way: Way, count: number): Promise<number[]> {
  const all: number[] = [];
  let sentAt = 0;
  let done: () => void = () => undefined;
  let lost: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve, reject) => {
    done = resolve;
    lost = setInterval(() => {
      if (performance.now() - sentAt > LOST_MS) reject(new Error('a message was lost'));
    }, LOST_MS);
  });
  const ends = await way.open(() => {
    all.push(performance.now() - sentAt);
    if (all.length < count) send();
    else done();
  });
  const send = () => {
    sentAt = performance.now();
    ends.send();
  };
  send();
  await over.finally(() => {
    clearInterval(lost);
    ends.close();
  });
  return all;
}
