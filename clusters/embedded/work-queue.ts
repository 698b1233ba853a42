import type { Clock } from '../../harness/clock/clock.ts';

/** A timer holds no more; whoever asked for longer asks again. */
const LONGEST_MS = 2 ** 31 - 1;

/** What the API refused (a quota) is tried again after this, doubling. */
const REFUSED_MS = 1_000;
const MAX_REFUSED_MS = 60_000;

/** When a controller looks at each of its objects next: one look a key is planned, the soonest that was asked for. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #look: (key: string) => void;
  readonly #planned = new Map<string, { due: number; abort: AbortController }>();
  /** How often in a row a key's work was refused. */
  readonly #refusals = new Map<string, number>();

  constructor(clock: Clock, look: (key: string) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  /** Looks at `key` after `ms`, or sooner where that is planned already. */
  in(ms: number, key: string): void {
    const due = this.#clock.mono() + ms;
    const planned = this.#planned.get(key);
    if (planned && planned.due <= due) return;
    planned?.abort.abort();
    const abort = new AbortController();
    this.#planned.set(key, { due, abort });
    void this.#clock.sleep(Math.min(ms, LONGEST_MS), abort.signal).then(
      () => {
        if (abort.signal.aborted) return;
        this.#planned.delete(key);
        this.#look(key);
      },
      () => undefined,
    );
  }

  /** Looks again, later each time, at what was refused. */
  retry(key: string): void {
    const refusals = this.#refusals.get(key) ?? 0;
    this.#refusals.set(key, refusals + 1);
    this.in(Math.min(MAX_REFUSED_MS, REFUSED_MS * 2 ** refusals), key);
  }

  /** It was not refused this time. */
  relent(key: string): void {
    this.#refusals.delete(key);
  }

  drop(key: string): void {
    this.relent(key);
    this.#planned.get(key)?.abort.abort();
    this.#planned.delete(key);
  }

  stop(): void {
    for (const key of [...this.#planned.keys()]) this.drop(key);
  }
}

/** The key of a namespaced object. */
export function keyOf({ metadata }: { metadata: { namespace?: string | undefined; name: string } }): string {
  return `${metadata.namespace}/${metadata.name}`;
}

export function nameIn(key: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
