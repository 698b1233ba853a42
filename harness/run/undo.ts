import { messageOf } from '../errors/error.ts';

export interface Undo {
  title: string;
  run: () => Promise<void>;
}

/**
 * The undo of everything done, registered before it is done, run in reverse.
 * Every undo is tried whatever the others did; what failed is returned, never thrown away.
 */
export class UndoStack {
  readonly #entries: Undo[] = [];

  push(title: string, run: () => Promise<void>): void {
    this.#entries.push({ title, run });
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Unwinds to empty, each undo under its own deadline. */
  async unwind(deadlineMs = 30_000): Promise<{ title: string; error: string }[]> {
    const failed: { title: string; error: string }[] = [];
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      let timer: NodeJS.Timeout | undefined;
      try {
        await Promise.race([
          entry.run(),
          new Promise<never>((_, reject) => {
            timer = setTimeout(() => reject(new Error(`not undone in ${deadlineMs} ms`)), deadlineMs);
          }),
        ]);
      } catch (error) {
        failed.push({ title: entry.title, error: messageOf(error) });
      } finally {
        clearTimeout(timer);
      }
    }
    return failed;
  }
}
