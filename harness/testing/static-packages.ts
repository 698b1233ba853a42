import { build } from 'esbuild';

/** The packages that are loaded before anything in a file runs: its own imports and theirs, without what is loaded later. */
export async function staticPackages(file: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [file],
    bundle: true,
    packages: 'external',
    splitting: true,
    outdir: 'bundles',
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  const files = new Set([file]);
  const packages = new Set<string>();
  // A set that grows while it is walked gives what was added too.
  for (const each of files) {
    for (const { external, kind, path } of metafile.inputs[each]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (!external) files.add(path);
      else if (!path.startsWith('node:')) packages.add(path);
    }
  }
  return [...packages].sort();
}
