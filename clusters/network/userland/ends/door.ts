import { createServer, type Server, type Socket } from 'node:net';
import { LOOPBACK } from '../wire/udp.ts';

/** A TCP port on loopback that can be closed and opened again; who came in stays. */
export class Door {
  readonly port: number;
  readonly #server: Server;
  #open = false;

  constructor(port: number, accept: (socket: Socket) => void) {
    this.port = port;
    this.#server = createServer({ allowHalfOpen: true }, accept);
  }

  /** Open, or about to be. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** @throws Error where another has taken the port meanwhile. */
  async open(): Promise<void> {
    this.#open = true;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error) => {
        this.#open = false;
        reject(error);
      };
      this.#server.once('error', failed);
      this.#server.listen(this.port, LOOPBACK, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    if (!this.#open) this.#server.close();
  }

  close(): void {
    this.#open = false;
    this.#server.close();
  }
}
