import { readFile } from 'node:fs/promises';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { replaceFile } from '../replaced-file.ts';
import { gpuNodeFiles } from './layout.ts';
import { type GpuFault, GpuFaults, type GpuNodeSettings } from './settings.ts';

/** A node whose files are in reach. */
interface Controlled {
  name: string;
  stateDir: string | undefined;
}

function filesOf(node: Controlled) {
  if (node.stateDir !== undefined) return gpuNodeFiles(node.stateDir);
  throw new OrdealError({
    code: 'GPU_NODE_OUT_OF_REACH',
    exit: EXIT.unable,
    tried: `setting the fake GPU node on ${node.name}`,
    seen: 'this provider does not share the node’s state folder',
    todo: 'use a cluster whose nodes run here (embedded, kind), or a run with --profile as-is',
  });
}

/** The agent applies these within 200 ms and writes `settings.applied`. */
export async function writeSettings(node: Controlled, settings: GpuNodeSettings): Promise<void> {
  await replaceFile(filesOf(node).settings, settings);
}

/** The faults that a node was last asked for. */
async function readFaults(node: Controlled): Promise<GpuFault[]> {
  try {
    return GpuFaults.parse(JSON.parse(await readFile(filesOf(node).faults, 'utf8'))).faults;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Adds a fault, or renews the one of the same id. */
export async function addFault(node: Controlled, fault: GpuFault): Promise<void> {
  const others = (await readFaults(node)).filter(({ id }) => id !== fault.id);
  await replaceFile(filesOf(node).faults, { faults: [...others, fault] });
}

/** Takes a fault away; false where it was not there. */
export async function removeFault(node: Controlled, id: string): Promise<boolean> {
  const faults = await readFaults(node);
  const others = faults.filter((fault) => fault.id !== id);
  if (others.length === faults.length) return false;
  await replaceFile(filesOf(node).faults, { faults: others });
  return true;
}
