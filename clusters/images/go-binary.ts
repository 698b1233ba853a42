import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { cached, contentKey, exists, folderContents } from './cache.ts';
import type { BuildContext } from './context.ts';

const SOURCES = join(import.meta.dirname, 'go');
/** A static binary without paths of this machine: the same sources give the same bytes. */
const BUILD_FLAGS = ['build', '-trimpath'];
/** Minutes of every processor: what else this machine does goes first. */
const COMPILER = ['nice', '-n', '15', 'go'];

export async function kubernetesKey(version: string): Promise<string> {
  return contentKey(version, process.arch, ...(await folderContents(join(SOURCES, 'kubernetes'))));
}

/**
 * Kubernetes as one binary, built from its published module.
 * @param version without the leading v: `1.34.4`.
 * @returns the binary's path. Six to twelve minutes on two cores with a cold Go cache; under one with a warm one.
 */
export async function buildKubernetes(version: string, context: BuildContext): Promise<string> {
  return cached(await kubernetesFile(version, context.cache), async (binary) => {
    const folder = await context.scratch();
    context.progress(`Kubernetes ${version}: resolving its modules`);
    const module = await download(`k8s.io/kubernetes@v${version}`, folder, context);
    await writeFile(join(folder, 'go.mod'), goMod(version, await readFile(module.GoMod, 'utf8')));
    await copyFile(join(SOURCES, 'kubernetes', 'main.go'), join(folder, 'main.go'));
    const kubelet = await kubeletSource(module.Dir);
    await copyFile(join(SOURCES, 'kubernetes', kubelet), join(folder, 'kubelet.go'));
    await context.run(['go', 'mod', 'tidy'], { cwd: folder });
    context.progress(`Kubernetes ${version}: compiling (minutes, the first time)`);
    await context.run([...COMPILER, ...BUILD_FLAGS, '-ldflags', versionFlags(version), '-o', binary, '.'], {
      cwd: folder,
      env: { CGO_ENABLED: '0' },
    });
  });
}

export async function pauseKey(): Promise<string> {
  return contentKey(process.arch, ...(await folderContents(join(SOURCES, 'pause'))));
}

/** The process that holds a pod's namespaces, as one static binary. */
export async function buildPause(context: BuildContext): Promise<string> {
  return cached(await pauseFile(context.cache), async (binary) => {
    const source = join(SOURCES, 'pause', 'main.go');
    await context.run([...COMPILER, ...BUILD_FLAGS, '-ldflags', '-s -w', '-o', binary, source], {
      env: { CGO_ENABLED: '0' },
    });
  });
}

/** flannel as a library, at the version that K3s 1.34 is near to. */
const FLANNEL_MODULE = 'github.com/flannel-io/flannel v0.28.10';

export async function flannelKey(): Promise<string> {
  return contentKey(FLANNEL_MODULE, process.arch, ...(await folderContents(join(SOURCES, 'flannel'))));
}

/** The pod network of a node of the K3s double, as one static binary. Three minutes on two cores with a cold Go cache. */
export async function buildFlannel(context: BuildContext): Promise<string> {
  return cached(await flannelFile(context.cache), async (binary) => {
    const folder = await context.scratch();
    context.progress('flannel: resolving its modules and compiling (minutes, the first time)');
    // `go get` would take the module's command in as well, and a cloud's library that the proxy does not serve.
    const lines = ['module ordeal.dev/flannel', 'go 1.24.0', `require ${FLANNEL_MODULE}`, ''];
    await writeFile(join(folder, 'go.mod'), lines.join('\n'));
    await copyFile(join(SOURCES, 'flannel', 'main.go'), join(folder, 'main.go'));
    await context.run(['go', 'mod', 'tidy'], { cwd: folder });
    await context.run([...COMPILER, ...BUILD_FLAGS, '-ldflags', '-s -w', '-o', binary, '.'], {
      cwd: folder,
      env: { CGO_ENABLED: '0' },
    });
  });
}

/** A server of the S3 protocol on a folder. */
const VERSITYGW = { module: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' };

/** What the S3 server is called in a history. */
export const VERSITYGW_NAME = `versitygw ${VERSITYGW.version}`;

/** The S3 server as one static binary, built from its published module. Three minutes on two cores with a cold Go cache. */
export async function buildVersitygw(context: BuildContext): Promise<string> {
  return await installed(VERSITYGW, 'versitygw', context);
}

/** The proxy that the bench holds the edge relay against. */
const TOXIPROXY = { module: 'github.com/Shopify/toxiproxy/v2/cmd/server', version: 'v2.12.0' };

/** The proxy's server as one static binary, built from its published module. A minute on two cores with a cold Go cache. */
export async function buildToxiproxy(context: BuildContext): Promise<string> {
  return await installed(TOXIPROXY, 'toxiproxy', context);
}

/** Nodes and pods that are kept up to date on an API server and run nothing. */
const KWOK = { module: 'sigs.k8s.io/kwok/cmd/kwok', version: 'v0.8.0' };

/** The simulator as one static binary, built from its published module. */
export async function buildKwok(context: BuildContext): Promise<string> {
  return await installed(KWOK, 'kwok', context);
}

/** The policy engine that the suite's policy is written for. */
const KYVERNO = { module: 'github.com/kyverno/kyverno', version: 'v1.19.1' };

/** What Kyverno is called where it is told of. */
export const KYVERNO_NAME = `Kyverno ${KYVERNO.version}`;

export interface Kyverno {
  /** Its admission controller, static. */
  binary: string;
  /** A folder of its custom resource definitions, in YAML. */
  definitions: string;
}

/**
 * Kyverno, built from its published module; some seven minutes of a processor with a cold Go cache. The module replaces one
 * that it needs, which `go install` refuses: so it is built where it lies, by its own go.mod and go.sum.
 */
export async function buildKyverno(context: BuildContext): Promise<Kyverno> {
  const { module, version } = KYVERNO;
  const key = contentKey(module, version, process.arch);
  const built = await cached(join(context.cache, 'go', `kyverno-${version}-${key}`), async (folder) => {
    context.progress(`${KYVERNO_NAME}: compiling (many minutes, the first time)`);
    const { Dir } = await download(`${module}@${version}`, await context.scratch(), context);
    await mkdir(join(folder, 'definitions'), { recursive: true });
    const definitions = join(Dir, 'config', 'crds');
    for (const file of await readdir(definitions, { recursive: true })) {
      // A folder of the module is not to be written to, nor is a copy of it.
      if (file.endsWith('.yaml'))
        await copyFile(join(definitions, file), join(folder, 'definitions', basename(file)));
    }
    const binary = join(folder, 'kyverno');
    await context.run([...COMPILER, ...BUILD_FLAGS, '-ldflags', '-s -w', '-o', binary, './cmd/kyverno'], {
      cwd: Dir,
      env: { CGO_ENABLED: '0' },
    });
  });
  return { binary: join(built, 'kyverno'), definitions: join(built, 'definitions') };
}

/** @param name of the file in the cache; `go install` names the binary by the last part of the module. */
async function installed(
  { module, version }: { module: string; version: string },
  name: string,
  context: BuildContext,
): Promise<string> {
  const key = contentKey(module, version, process.arch);
  return cached(join(context.cache, 'go', `${name}-${version}-${key}`), async (binary) => {
    const folder = await context.scratch();
    context.progress(`${name} ${version}: compiling (minutes, the first time)`);
    await context.run([...COMPILER, 'install', '-trimpath', '-ldflags', '-s -w', `${module}@${version}`], {
      cwd: folder,
      env: { CGO_ENABLED: '0', GOBIN: folder },
    });
    await rename(join(folder, basename(module)), binary);
  });
}

async function flannelFile(cache: string): Promise<string> {
  return join(cache, 'go', `flannel-${await flannelKey()}`);
}

/** Whether the K3s double's binaries of a version are in the cache. */
export async function k3sBinariesThere(version: string, cache: string): Promise<boolean> {
  return (await goBinariesThere(version, cache)) && (await exists(await flannelFile(cache)));
}

async function kubernetesFile(version: string, cache: string): Promise<string> {
  return join(cache, 'go', `kubernetes-${version}-${await kubernetesKey(version)}`);
}

async function pauseFile(cache: string): Promise<string> {
  return join(cache, 'go', `pause-${await pauseKey()}`);
}

/** Whether both binaries of a version are in the cache, so that no compiler is needed. */
export async function goBinariesThere(version: string, cache: string): Promise<boolean> {
  return (await exists(await kubernetesFile(version, cache))) && (await exists(await pauseFile(cache)));
}

const Module = z.object({ GoMod: z.string(), Dir: z.string() });

/** @param module with its version: `k8s.io/kubernetes@v1.34.4` */
async function download(module: string, folder: string, context: BuildContext) {
  const answer = await context.run(['go', 'mod', 'download', '-json', module], { cwd: folder });
  return Module.parse(JSON.parse(answer));
}

/**
 * A go.mod that takes Kubernetes as a library. Its own go.mod points its staging modules (k8s.io/api …) at folders
 * that its module zip lacks; each is published as v0.minor.patch, and is pinned to that.
 */
export function goMod(version: string, upstream: string): string {
  const staging = new Set(
    [...upstream.matchAll(/(k8s\.io\/[a-z0-9-]+) => \.\/staging/g)].map(([, name]) => name),
  );
  const published = version.replace(/^1\./, 'v0.');
  return [
    'module ordeal.dev/node',
    'go 1.24.0',
    `require k8s.io/kubernetes v${version}`,
    ...[...staging].sort().map((name) => `replace ${name} => ${name} ${published}`),
    '',
  ].join('\n');
}

/** Newer kubelets take a context where older ones take nothing: the sources say which this is. */
async function kubeletSource(moduleDir: string): Promise<string> {
  const server = await readFile(join(moduleDir, 'cmd', 'kubelet', 'app', 'server.go'), 'utf8');
  return /^func NewKubeletCommand\(\)/m.test(server)
    ? 'kubelet_without_context.go'
    : 'kubelet_with_context.go';
}

/** What a release build stamps into the binary; without it the API server takes itself for v0.0.0. */
function versionFlags(version: string): string {
  const [major, minor] = version.split('.');
  const stamps: Record<string, string> = {
    gitVersion: `v${version}`,
    gitMajor: major ?? '',
    gitMinor: minor ?? '',
    gitTreeState: 'clean',
    gitCommit: `v${version}`,
    // Any constant will do: the time of this build would give every build other bytes.
    buildDate: '1970-01-01T00:00:00Z',
  };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const flags = packages.flatMap((path) =>
    Object.entries(stamps).map(([name, value]) => `-X ${path}.${name}=${value}`),
  );
  return ['-s', '-w', ...flags].join(' ');
}
