import { createServer, type Server, type Socket } from 'node:net';
import { LOOPBACK } from '../wire/udp.ts';

/** A TCP port on loopback that can be closed and opened again; who came in stays. */
export class Door {
  readonly #server: Server;
  #port = 0;
  #open = false;

  constructor(accept: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true }, accept);
  }

  get port(): number {
    return this.#port;
  }

  /** Open, or about to be. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** The same port as before, where there was one. @throws Error where it cannot be had. */
  async open(): Promise<void> {
    this.#open = true;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error) => {
        this.#open = false;
        reject(error);
      };
      this.#server.once('error', failed);
      this.#server.listen(this.#port, LOOPBACK, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    if (this.#open) this.#port = (this.#server.address() as { port: number }).port;
    else this.#server.close();
  }

  close(): void {
    this.#open = false;
    this.#server.close();
  }
}
