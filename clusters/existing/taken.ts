import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { processName, stillRuns } from '../../harness/exec/born-at.ts';
import { readPresent } from '../../harness/exec/read-present.ts';

/** A cluster that a run works on, for whoever has to clean up after it. */
const Taken = z.strictObject({
  runId: z.string(),
  context: z.string(),
  kubeconfig: z.string(),
  uid: z.string(),
  nodes: z.array(z.string()),
  /** The harness runs in it, too. */
  inCluster: z.boolean().default(false),
  /** `PID.BIRTH` of the harness. */
  owner: z.string(),
});
export type Taken = z.infer<typeof Taken>;

/** `$XDG_STATE_HOME/ordeal/existing`. */
function takenDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ordeal', 'existing');
}

/** Written before anything is made there; returns how to forget it. */
export function noteTaken(taken: Omit<z.input<typeof Taken>, 'owner'>, dir = takenDir()): () => void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${taken.runId}.json`);
  const owner = processName();
  const fresh = `${path}.new`;
  try {
    writeFileSync(fresh, JSON.stringify({ ...taken, owner }), { mode: 0o600 });
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  renameSync(fresh, path);
  return () => rmSync(path, { force: true });
}

/** Those whose harness is gone, each with its file; undefined where that is no such note. */
export function abandoned(dir = takenDir()): { path: string; taken: Taken | undefined }[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(dir, name))
    .flatMap((path) => {
      // None where it was forgotten since it was listed: by its run, or by who cleans at the same time.
      const text = readPresent(path);
      if (text === undefined) return [];
      const taken = noteIn(text);
      return taken && stillRuns(taken.owner) ? [] : [{ path, taken }];
    });
}

function noteIn(text: string): Taken | undefined {
  try {
    return Taken.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
