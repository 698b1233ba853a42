import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Of a container's root, the folders of programs, in the order of its PATH. */
export const ROOT_PROGRAMS = ['usr/local/bin', 'usr/bin'];

/** Programs of the machine that were found by name and PATH: a hundred containers a second ask for the same one. */
const found = new Map<string, string>();

/**
 * The program that a container's command names: the container's own file of that path, else the machine's; a bare name
 * is looked for in the root's folders of programs, then on the machine's `path`.
 * @throws Error in the runtime's words where there is none.
 */
export function findProgram(command: string, root: string, path: string): string {
  if (isAbsolute(command)) {
    const own = join(root, command);
    if (existsSync(own)) return own;
    if (existsSync(command)) return command;
    throw new Error(`exec: "${command}": stat ${command}: no such file or directory: unknown`);
  }
  if (command.includes('/')) return command;
  for (const folder of ROOT_PROGRAMS) {
    const own = join(root, folder, command);
    if (existsSync(own)) return own;
  }
  const key = `${path}\0${command}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  for (const folder of path.split(delimiter)) {
    const file = join(folder, command);
    try {
      accessSync(file, constants.X_OK);
      found.set(key, file);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`exec: "${command}": executable file not found in $PATH: unknown`);
}
