import { spawn } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'caretaker.sh');
const COMMAND = join(import.meta.dirname, '..', '..', 'ordeal.mjs');
/** What was removed after the harness was killed; not there otherwise. */
const LOG = 'clean.log';

export interface Caretaker {
  /** The harness has taken everything back itself. */
  dismiss(): void;
}

/**
 * A process of its own that outlives the harness: where that is killed, it runs `ordeal clean`, for a killed harness takes
 * nothing back. Faults do not wait for it: their dead-men heal them.
 * @param outDir where it leaves what it did.
 */
export function appointCaretaker(outDir: string): Caretaker {
  const command = [process.execPath, COMMAND, 'clean'];
  const caretaker = spawn('/bin/sh', [SCRIPT, join(outDir, LOG), ...command], {
    // In a session of its own: no signal to the harness's group reaches it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without it a run is as good as before; `ordeal clean` by hand does the same.
  caretaker.on('error', () => undefined);
  caretaker.stdin.on('error', () => undefined);
  caretaker.unref();
  return { dismiss: () => caretaker.stdin.end('dismissed\n') };
}
