import { join } from 'node:path';
import { build } from 'esbuild';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** The programs that nodes and pods run, by their entry points; the workload image has each as `/ordeal/NAME.mjs`. */
const PROGRAMS = {
  'gpu-node': 'clusters/gpu-node/main.ts',
  'plugin-proxy': 'clusters/plugin-proxy/main.ts',
  keeper: 'clusters/network/nodes/agent/main.ts',
  'edge-collector': 'suites/edge/workload/collector/main.ts',
  'edge-cloud': 'suites/edge/workload/cloud/main.ts',
  'edge-probe': 'suites/edge/workload/probe/main.ts',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

const bundled = new Map<ProgramName, Promise<Uint8Array>>();

/**
 * A program as one ES module: the same sources give the same bytes, wherever the repository lies. Made once a process.
 */
export function bundle(name: ProgramName): Promise<Uint8Array> {
  const known = bundled.get(name);
  if (known) return known;
  const made = make(name);
  bundled.set(name, made);
  return made;
}

/** Every program, in the order of its name: what an image that holds them is made from. */
export async function bundleAll(): Promise<{ file: string; contents: Uint8Array }[]> {
  const names = (Object.keys(PROGRAMS) as ProgramName[]).sort();
  return await Promise.all(
    names.map(async (name) => ({ file: `${name}.mjs`, contents: await bundle(name) })),
  );
}

async function make(name: ProgramName): Promise<Uint8Array> {
  const result = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [PROGRAMS[name]],
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
  if (!file) throw new Error(`esbuild wrote no bundle of ${PROGRAMS[name]}`);
  return file.contents;
}
