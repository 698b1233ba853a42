import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** The programs that nodes and pods run, by their entry points. */
const ON_NODES = {
  'gpu-node': 'clusters/gpu-node/main.ts',
  'gpu-trainer': 'suites/gpu/workload/trainer/main.ts',
  'edge-collector': 'suites/edge/workload/collector/main.ts',
  'edge-cloud': 'suites/edge/workload/cloud/main.ts',
  'edge-probe': 'suites/edge/workload/probe/main.ts',
} as const;

/** Those of an image of ours, which has each as `/ordeal/NAME.mjs`. */
const IN_IMAGES = {
  ...ON_NODES,
  keeper: 'clusters/network/nodes/agent/main.ts',
  'plugin-proxy': 'clusters/plugin-proxy/main.ts',
} as const;

/** Those that a guest starts: the first is its command, and starts the others. */
const IN_GUESTS = {
  guest: 'guest.ts',
  'embedded-cluster': 'clusters/embedded/main.ts',
  ...ON_NODES,
} as const;

/** Files that these read from beside themselves. */
const BESIDE_GUESTS: readonly string[] = ['faults/dead-man/watch.sh'];

const PROGRAMS = {
  ...IN_GUESTS,
  ...IN_IMAGES,
  'in-cluster': 'in-cluster.ts',
  'edge-network': 'clusters/network/userland/main.ts',
  'edge-relay': 'clusters/network/userland/relay/main.ts',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

/** Those that one run uses have most of their sources in common, and are made at once. */
const GROUPS: readonly (readonly ProgramName[])[] = [
  ['embedded-cluster', 'gpu-node'],
  ['edge-collector', 'edge-cloud', 'edge-probe', 'edge-network', 'edge-relay'],
];

/** It goes to its cluster by the API server, which takes objects of 1 MiB. */
const SMALL: ReadonlySet<string> = new Set<ProgramName>(['in-cluster']);

const made = new Map<readonly ProgramName[], Promise<Map<string, Uint8Array>>>();

/**
 * A program as one ES module: the same sources give the same bytes, wherever the repository lies. Made once a process.
 */
export async function bundle(name: ProgramName): Promise<Uint8Array> {
  const group = GROUPS.find((names) => names.includes(name)) ?? [name];
  const bundles = made.get(group) ?? make(group);
  made.set(group, bundles);
  const contents = (await bundles).get(name);
  if (!contents) throw new Error(`esbuild wrote no bundle of ${PROGRAMS[name]}`);
  return contents;
}

export interface ProgramFile {
  file: string;
  contents: Uint8Array;
}

/** Every program that an image of ours holds, in the order of its name. */
export async function bundlesOfImages(): Promise<ProgramFile[]> {
  return await files(Object.keys(IN_IMAGES) as ProgramName[]);
}

/** Every program of a guest, and what lies beside them. */
export async function filesOfGuests(): Promise<ProgramFile[]> {
  const beside = BESIDE_GUESTS.map(async (path) => ({
    file: basename(path),
    contents: await readFile(join(REPOSITORY, path)),
  }));
  return [...(await files(Object.keys(IN_GUESTS) as ProgramName[])), ...(await Promise.all(beside))];
}

async function files(names: readonly ProgramName[]): Promise<ProgramFile[]> {
  return await Promise.all(
    [...names].sort().map(async (name) => ({ file: `${name}.mjs`, contents: await bundle(name) })),
  );
}

async function make(names: readonly ProgramName[]): Promise<Map<string, Uint8Array>> {
  // A program that runs from a bundle holds this module too, and must start where there is no esbuild.
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: Object.fromEntries(names.map((name) => [name, PROGRAMS[name]])),
    bundle: true,
    write: false,
    outdir: 'bundles',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['esbuild'],
    minify: names.every((name) => SMALL.has(name)),
    legalComments: 'none',
    logLevel: 'silent',
    // CommonJS dependencies that a bundle takes in still call require for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return new Map(result.outputFiles.map(({ contents, path }) => [basename(path, '.js'), contents]));
}
