import { join } from 'node:path';
import { build } from 'esbuild';

const REPOSITORY = join(import.meta.dirname, '..', '..');

let bundled: Promise<Uint8Array> | undefined;

/**
 * The fake GPU node's program as one ES module: the same sources give the same bytes, wherever the repository lies.
 * Made once a process.
 */
export function bundleAgent(): Promise<Uint8Array> {
  bundled ??= bundle();
  return bundled;
}

async function bundle(): Promise<Uint8Array> {
  const result = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: ['clusters/gpu-node/main.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'silent',
    // CommonJS dependencies that a bundle takes in still call require for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error('esbuild wrote no bundle of the fake GPU node');
  return file.contents;
}
