import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../harness/exec/exec.ts';

const SOURCE = fileURLToPath(new URL('./guest/whole-xstate.c', import.meta.url));
const COMPILE_MS = 60_000;

/**
 * Whether processes here have a state that an older user-mode Linux does not know the size of: seen with Debian 12's
 * 6.1.176 on a Xeon with AMX, where every guest panicked, and with AMD's processors, where none did.
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function hasTiles(cpuinfo: string): boolean {
  return /^flags\s*:.*\bamx_tile\b/m.test(cpuinfo);
}

/**
 * The library that mends it, as LD_PRELOAD has it. Compiled anew each time, which takes a tenth of a second.
 * @throws OrdealError COMMAND_MISSING without a C compiler, COMMAND_FAILED with what it said.
 */
export async function wholeXstate(folder: string, signal: AbortSignal): Promise<string> {
  const library = join(folder, 'whole-xstate.so');
  const argv = ['cc', '-shared', '-fPIC', '-O2', '-o', library, SOURCE, '-ldl'];
  await run(argv, { timeoutMs: COMPILE_MS, signal });
  return library;
}
