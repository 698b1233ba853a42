import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Loads packages by require, which is at once. An import that follows finds them loaded. The loader that compiles TypeScript is
 * asked, in a thread of its own, about each module of an import, and that takes longer than to load it; of a require it is not.
 */
export function preload(...packages: readonly string[]): void {
  const require = createRequire(import.meta.url);
  // One that compiles TypeScript too (under `tsx`, or of a newer Node) is no quicker, and may have modules of its own.
  if ('.ts' in require.extensions) return;
  // As an import finds it: a package may have another file for a require.
  for (const name of packages) require(fileURLToPath(import.meta.resolve(name)));
}
