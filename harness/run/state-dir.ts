import { homedir } from 'node:os';
import { join } from 'node:path';

/** A path below `$XDG_STATE_HOME/ordeal`, where what outlives a process is kept. */
export function statePath(...names: string[]): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ordeal', ...names);
}
