import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../harness/exec/exec.ts';
import { cacheDir } from './cache.ts';

/** What the caller of a build says. */
export interface BuildOptions {
  signal?: AbortSignal;
  /** One line for the live display. */
  progress?: (line: string) => void;
  /** Where the cache is looked for; this process's own environment unless told. */
  env?: NodeJS.ProcessEnv;
}

/** What every step of a build gets. */
export interface BuildContext {
  cache: string;
  progress(line: string): void;
  /**
   * Runs a tool to its end, however long it takes, and returns its standard output.
   * @throws OrdealError COMMAND_FAILED, COMMAND_MISSING (exit 4).
   */
  run(argv: readonly string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }): Promise<string>;
  /** A new empty folder on the cache's file system (files can be linked into it), gone when the build ends. */
  scratch(): Promise<string>;
}

/** Runs `build` with a context whose scratch folders go when it ends, however it ends. */
export async function withBuildContext<T>(
  options: BuildOptions,
  build: (context: BuildContext) => Promise<T>,
): Promise<T> {
  const cache = cacheDir(options.env);
  const signal = options.signal ? { signal: options.signal } : {};
  const folders: string[] = [];
  const context: BuildContext = {
    cache,
    progress: options.progress ?? (() => {}),
    run: async (argv, runOptions) => (await run(argv, { timeoutMs: 0, ...signal, ...runOptions })).stdout,
    async scratch() {
      await mkdir(cache, { recursive: true });
      const folder = await mkdtemp(join(cache, 'scratch-'));
      folders.push(folder);
      return folder;
    },
  };
  try {
    return await build(context);
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
}
