import type { Socket } from 'node:net';
import type { Clock } from '../../../../harness/clock/clock.ts';
import type { Segment } from '../stream/segment.ts';
import { Stream } from '../stream/stream.ts';
import { Alarm } from '../wire/alarm.ts';

export interface JointOptions {
  role: 'client' | 'server';
  socket: Socket;
  stallMs: number;
  clock: Clock;
  transmit(segment: Segment): void;
  /** The stream is over and has nothing left to answer. */
  gone(): void;
}

/** A TCP connection of this machine, carried on by a stream: what goes into the one comes out of the other. */
export class Joint {
  readonly #socket: Socket;
  readonly #stream: Stream;
  readonly #alarm: Alarm;
  readonly #options: JointOptions;
  #read = false;

  constructor(options: JointOptions) {
    const { clock, role, socket, stallMs, transmit } = options;
    this.#options = options;
    this.#socket = socket;
    this.#alarm = new Alarm(clock, () => this.#now((now) => this.#stream.tick(now)));
    this.#stream = new Stream({
      role,
      stallMs,
      events: {
        transmit,
        // The window opens only as the socket takes it: a slow reader slows the far end's writer.
        deliver: (data) => {
          socket.write(data, () => this.#now(() => this.#stream.consumed(data.length)));
        },
        ended: () => {
          socket.end();
        },
        drained: () => socket.resume(),
        closed: (failure) => {
          if (failure) socket.resetAndDestroy();
        },
      },
    });
    socket.setNoDelay(true);
    socket.on('data', (data) =>
      this.#now((now) => {
        if (!this.#stream.write(data, now)) socket.pause();
      }),
    );
    socket.on('end', () =>
      this.#now((now) => {
        this.#read = true;
        this.#stream.end(now);
      }),
    );
    // How it ended is what `close` tells.
    socket.on('error', () => undefined);
    socket.on('close', (failed) => {
      if (failed || !this.#read) this.abort();
    });
  }

  get waitingSince(): number | undefined {
    return this.#stream.waitingSince;
  }

  open(): void {
    this.#now((now) => this.#stream.open(now));
  }

  receive(segment: Segment): void {
    this.#now((now) => this.#stream.receive(segment, now));
  }

  /** Gives the connection up at both sides. */
  abort(): void {
    this.#now(() => this.#stream.abort());
  }

  /** Leaves no timer and no socket. */
  close(): void {
    this.#alarm.clear();
    this.#socket.destroy();
  }

  #now(act: (now: number) => void): void {
    act(this.#options.clock.mono());
    if (this.#stream.gone) {
      this.#alarm.clear();
      this.#options.gone();
    } else this.#alarm.set(this.#stream.deadline);
  }
}
