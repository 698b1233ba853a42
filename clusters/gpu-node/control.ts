import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { readPresent } from '../../harness/exec/read-present.ts';
import { inTurn } from '../in-turn.ts';
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
export async function readFaults(node: Controlled): Promise<GpuFault[]> {
  const text = readPresent(filesOf(node).faults);
  return text === undefined ? [] : GpuFaults.parse(JSON.parse(text)).faults;
}

/** Adds a fault, in place of any of the same id. */
export async function addFault(node: Controlled, fault: GpuFault): Promise<void> {
  await change(node, (faults) => [...faults.filter(({ id }) => id !== fault.id), fault]);
}

/** Gives a fault until then; the time that it had before, undefined where it was not asked for. What has lapsed, has. */
export async function renewFault(
  node: Controlled,
  id: string,
  untilWall: number,
  nowWall: number,
): Promise<number | undefined> {
  let before: number | undefined;
  await change(node, (faults) => {
    before = faults.find((fault) => fault.id === id)?.untilWall;
    if (before === undefined || before <= nowWall) return undefined;
    return faults.map((fault) => (fault.id === id ? { ...fault, untilWall } : fault));
  });
  return before;
}

/** Takes a fault away; false where it was not there. */
export async function removeFault(node: Controlled, id: string): Promise<boolean> {
  let there = false;
  await change(node, (faults) => {
    there = faults.some((fault) => fault.id === id);
    return there ? faults.filter((fault) => fault.id !== id) : undefined;
  });
  return there;
}

/** @param to what the node is asked for instead; undefined: nothing is changed */
async function change(node: Controlled, to: (faults: GpuFault[]) => GpuFault[] | undefined): Promise<void> {
  const { faults: path } = filesOf(node);
  await inTurn(path, async () => {
    const faults = to(await readFaults(node));
    if (faults) await replaceFile(path, { faults });
  });
}
