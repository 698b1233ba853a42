import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { tryRun } from '../../../harness/exec/exec.ts';
import { keeperLives, type LabMark, markOf, namespaceName, tunnelName } from './names.ts';

const NAMESPACES = '/run/netns';
const WIREGUARD_SOCKETS = '/var/run/wireguard';
/** How long a process may take to leave by itself; wireguard-go removes its socket then. */
const GRACE_MS = 2_000;
const KILL_MS = 5_000;

/** Ends every process in a lab's namespaces and removes them. True where anything was there; safe to repeat. */
export async function removeLab(mark: LabMark): Promise<boolean> {
  const prefix = namespaceName(mark, '');
  const ours = (await listed(NAMESPACES)).filter((name) => name.startsWith(prefix));
  await endProcesses(ours);
  for (const name of ours) {
    const { exitCode, stderr } = await tryRun(['ip', 'netns', 'delete', name]);
    // Another `ordeal clean` may have been here first.
    if (exitCode !== 0 && (await listed(NAMESPACES)).includes(name)) throw stuck(name, stderr);
  }
  const socket = tunnelName(mark, '');
  for (const name of await listed(WIREGUARD_SOCKETS)) {
    if (name.startsWith(socket)) await rm(join(WIREGUARD_SOCKETS, name), { force: true });
  }
  return ours.length > 0;
}

/** Removes the labs whose process is gone; names each. */
export async function sweepLabs(): Promise<string[]> {
  const marks = new Map<string, LabMark>();
  for (const name of await listed(NAMESPACES)) {
    const mark = markOf(name);
    if (mark && !keeperLives(mark)) marks.set(mark.id, mark);
  }
  const removed: string[] = [];
  for (const mark of marks.values()) {
    if (await removeLab(mark)) removed.push(`network lab ${mark.id}`);
  }
  return removed;
}

function stuck(namespace: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'NETWORK_LAB_STUCK',
    exit: EXIT.unable,
    tried: `removing the network namespace ${namespace}`,
    seen: seen.trim(),
    todo: `\`ip netns pids ${namespace}\` shows who is still in it; then run \`ordeal clean\``,
  });
}

async function endProcesses(namespaces: readonly string[]): Promise<void> {
  const left = () => processesIn(namespaces);
  const signalled = async (signal: NodeJS.Signals, deadlineMs: number) => {
    for (const pid of left()) end(pid, signal);
    await waitFor(() => left().length === 0, {
      what: `the end of all processes in ${namespaces.join(', ')} after ${signal}`,
      deadlineMs,
      intervalMs: 20,
    });
  };
  await signalled('SIGTERM', GRACE_MS).catch(() => signalled('SIGKILL', KILL_MS));
}

/** Read from /proc: `ip netns pids` would be a process for each namespace and look. */
function processesIn(namespaces: readonly string[]): number[] {
  const inodes = namespaces.map((name) => statSync(join(NAMESPACES, name), { throwIfNoEntry: false })?.ino);
  const wanted = new Set(inodes.map((inode) => `net:[${inode}]`));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => wanted.has(namespaceOf(pid)))
    .map(Number);
}

/** Empty where the process is gone. */
function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}

async function listed(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
