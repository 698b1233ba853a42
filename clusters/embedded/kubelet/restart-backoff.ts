const MAX_BACKOFF_MS = 300_000;
/** What happened so long before an end is forgotten. */
const FORGOTTEN_MS = 600_000;

/**
 * How long a container that ended waits for its next start, as the kubelet counts it: the first restart comes at once,
 * each later one not before a pause, which doubles, has passed since the last end.
 */
export class RestartBackoff {
  readonly #firstMs: number;
  #pauseMs = 0;
  #grownAt = 0;

  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** The pause in force, for a message. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  /** Milliseconds from `now` until a start is free, after an end at `ended`; all are one clock's. */
  remainingMs(ended: number, now: number): number {
    if (this.#forgotten(ended)) return 0;
    return Math.max(0, ended + this.#pauseMs - now);
  }

  /** A container is started again after an end at `ended`. */
  started(ended: number, now: number): void {
    const forgotten = this.#pauseMs === 0 || this.#forgotten(ended);
    this.#pauseMs = forgotten ? this.#firstMs : Math.min(MAX_BACKOFF_MS, this.#pauseMs * 2);
    this.#grownAt = now;
  }

  #forgotten(ended: number): boolean {
    return ended - this.#grownAt > FORGOTTEN_MS;
  }
}
