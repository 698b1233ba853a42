/** Imports run one way: `tsx harness/testing/import-direction.ts` prints what runs the other way and exits 1. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** What each top-level folder may import besides itself. Files at the root are the composition root: anything. */
const ALLOWED: Record<string, readonly string[]> = {
  harness: [],
  clusters: ['harness'],
  faults: ['clusters', 'harness'],
  suites: ['faults', 'clusters', 'harness'],
  reports: ['harness'],
};

/** Of clusters, faults may see the ports, the files by which they are asked, and the contracts of the fake GPU node and the plugin proxy. */
const FAULTS_MAY_SEE =
  /^clusters\/(port\.ts|in-turn\.ts|replaced-file\.ts|gpu-node\/|plugin-proxy\/|network\/port\.ts)/;

/** Static and dynamic imports, and re-exports, by a relative path. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.[^'"]+)['"]/g;

/** The imports of one file, given by its path below the root, that run the wrong way. */
export function wrongImports(file: string, source: string): string[] {
  const folder = file.split('/')[0] as string;
  const allowed = ALLOWED[folder];
  if (!allowed) return [];
  return [...source.matchAll(IMPORT)].flatMap(([, path]) => {
    const target = relative('.', resolve(dirname(file), path as string));
    const other = target.split('/')[0] as string;
    // Lane tests bring up whole clusters.
    if (other === folder || allowed.includes(other)) {
      const hidden = folder === 'faults' && other === 'clusters' && !FAULTS_MAY_SEE.test(target);
      return hidden && !file.endsWith('.test.ts')
        ? [`${file} imports ${target}: faults see clusters through its port`]
        : [];
    }
    return [`${file} imports ${target}: ${folder} may import ${[...allowed, 'itself'].join(', ')}`];
  });
}

function main(): void {
  const wrong = Object.keys(ALLOWED).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => wrongImports(join(folder, name), readFileSync(join(folder, name), 'utf8'))),
  );
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

if (import.meta.filename === process.argv[1]) main();
