import { createSocket, type Socket } from 'node:dgram';

export const LOOPBACK = '127.0.0.1';

/** A UDP socket on loopback; an address is a port. */
export class Udp {
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Binds a port that the system chooses. */
  static async bind(receive: (datagram: Buffer, from: number) => void): Promise<Udp> {
    // Without a look-up of its own dgram puts every datagram off to a later turn of the event loop.
    const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, LOOPBACK, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    // A datagram that cannot be sent is a datagram that is lost.
    socket.on('error', () => undefined);
    socket.on('message', (datagram, { port }) => receive(datagram, port));
    return new Udp(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(datagram: Buffer, to: number): void {
    if (this.#open) this.#socket.send(datagram, to, LOOPBACK);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }
}
