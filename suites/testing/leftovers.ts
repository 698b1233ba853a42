/**
 * What a run has left on this machine, by the machine's own means: nothing here reads what the harness writes down about
 * itself. A run is told by the environment that it was started in, which its processes inherit, and by its folders.
 */
import {
  type Dirent,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { OrdealError } from '../../harness/errors/error.ts';
import { tryRun } from '../../harness/exec/exec.ts';

export interface Traces {
  /** For the runs that are watched. */
  env: NodeJS.ProcessEnv;
  /** Processes, sockets and files of the runs, a line each: nothing is asked of the kernel that others work on as well. */
  own(): string[];
  /** Everything that is there and was not, a line each. */
  left(): Promise<string[]>;
  remove(): void;
}

/** To be called before the first of the runs starts. */
export async function watchTraces(): Promise<Traces> {
  const root = mkdtempSync(join(tmpdir(), 'traces-'));
  // Short: sockets are made below it.
  const scratch = join(root, 't');
  const state = join(root, 's');
  for (const folder of [scratch, state]) mkdirSync(folder);
  const before = new Set(await kernelObjects());
  const own = () => [...processesOf(root), ...socketsBelow(root), ...[scratch, state].flatMap(filesBelow)];
  return {
    env: { TMPDIR: scratch, XDG_STATE_HOME: state },
    own,
    async left() {
      const objects = (await kernelObjects()).filter((line) => !before.has(line));
      return [...own(), ...objects];
    },
    remove: () => removeAll(root),
  };
}

/** Until nothing is there any more: a process that has done its last work is seen until it has ended. */
export async function nothingOf(look: () => string[] | Promise<string[]>, deadlineMs: number): Promise<void> {
  let left: string[] = [];
  const looked = async () => {
    left = await look();
    return left.length === 0;
  };
  await waitFor(looked, { what: 'nothing left', deadlineMs, intervalMs: 500, seen: () => left.join('\n') });
}

const REMOVALS = 5;

/** A file that a process wrote with its last breath, of the cache of what runs TypeScript, comes between a folder's files and itself. */
function removeAll(folder: string): void {
  for (let left = REMOVALS; ; left -= 1) {
    try {
      // Its own tries wait, and do not empty the folder anew.
      rmSync(folder, { recursive: true, force: true, maxRetries: 4, retryDelay: 50 });
      return;
    } catch (error) {
      if (left === 0 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}

/** Those that were started with a folder of the run's in their environment or arguments, or that work in one. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      const about = ['environ', 'cmdline'].map((file) => textOf(`/proc/${pid}/${file}`));
      if (![...about, cwdOf(pid)].some((text) => text.includes(folder))) return [];
      return [`process ${pid}: ${about[1]?.replaceAll('\0', ' ').slice(0, 120)}`];
    });
}

/** That are bound there, whether their files are still to be seen or not. */
function socketsBelow(folder: string): string[] {
  return textOf('/proc/net/unix')
    .split('\n')
    .flatMap((line) => (line.includes(folder) ? [`socket ${line.slice(line.indexOf(folder))}`] : []));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Another account's, or it has ended since.
    return '';
  }
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/**
 * Files, sockets and a run's folders, also empty. No run's are the cache of the program that runs TypeScript, and the empty
 * file by which all programs of an account that use testcontainers lock one another out: another may hold it.
 */
function filesBelow(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => !entry.isDirectory() || entry.name.startsWith('ordeal-'))
    .filter(
      ({ name, parentPath }) =>
        !/\/tsx-\d+/.test(parentPath) && !/^testcontainers-node-\d+\.lock$/.test(name),
    )
    .map((entry) => `file ${join(entry.parentPath, entry.name)}`);
}

/** Whatever is taken away while it is looked at is not left. */
function entriesBelow(folder: string): Dirent[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries.flatMap((entry) =>
    entry.isDirectory() ? [entry, ...entriesBelow(join(folder, entry.name))] : [entry],
  );
}

/** A machine without the command has nothing of its; where it does not answer, nobody knows. */
async function said(argv: readonly string[]): Promise<string> {
  try {
    return (await tryRun(argv)).stdout;
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return '';
    throw error;
  }
}

/** Namespaces, links, queueing disciplines, filter tables, containers, their networks and volumes; Docker's own links come with those. */
async function kernelObjects(): Promise<string[]> {
  const looks = [
    ['ip', 'netns', 'list'],
    ['ip', '-brief', 'link'],
    ['tc', 'qdisc', 'show'],
    ['nft', 'list', 'tables'],
    ['docker', 'ps', '--all', '--format', 'container {{.Names}}'],
    ['docker', 'network', 'ls', '--format', 'network {{.Name}}'],
    ['docker', 'volume', 'ls', '--format', 'volume {{.Name}}'],
  ];
  const seen = await Promise.all(looks.map(said));
  return seen
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(veth|br-)|dev (veth|br-)|^docker0/.test(line));
}
