import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * The program that a container's command names: the container's own file of that path, else the machine's; a bare name
 * is looked for on `path`. @throws Error in the runtime's words where there is none.
 */
export function findProgram(command: string, root: string, path: string): string {
  if (isAbsolute(command)) {
    const own = join(root, command);
    if (existsSync(own)) return own;
    if (existsSync(command)) return command;
    throw new Error(`exec: "${command}": stat ${command}: no such file or directory: unknown`);
  }
  if (command.includes('/')) return command;
  for (const folder of path.split(delimiter)) {
    const file = join(folder, command);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`exec: "${command}": executable file not found in $PATH: unknown`);
}
