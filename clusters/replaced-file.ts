/** Files by which one process tells another its settings or its state: replaced as a whole, read again when replaced. */
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';

/**
 * Replaces in one step, so that a reader never sees half a file: by a file of its own name, for another process may replace it
 * at the same time.
 */
export async function replaceFile(path: string, content: unknown): Promise<void> {
  const text = JSON.stringify(content);
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(fresh, text);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

export class ReplacedFile<T> {
  readonly #path: string;
  readonly #schema: z.ZodType<T>;
  readonly #absent: T | undefined;
  #seen = '';

  /** @param absent what it says when it is taken away; nothing new, unless told. */
  constructor(path: string, schema: z.ZodType<T>, absent?: T) {
    this.#path = path;
    this.#schema = schema;
    this.#absent = absent;
  }

  /** The new content, or undefined where nothing changed. @throws ZodError or SyntaxError, once for each content. */
  changed(): T | undefined {
    const stat = statSync(this.#path, { throwIfNoEntry: false, bigint: true });
    const version = stat ? `${stat.ino} ${stat.mtimeNs} ${stat.size}` : '';
    if (version === this.#seen) return undefined;
    this.#seen = version;
    return stat ? this.#schema.parse(JSON.parse(readFileSync(this.#path, 'utf8'))) : this.#absent;
  }
}
