import type { Command } from 'commander';
import type { Parts } from '../parts.ts';
import { commandLine } from '../program.ts';

/** The command line, with what completion needs to know of its parts. */
export function commandLineOf(words: readonly string[]): Command {
  const named = (...names: string[]) => Object.fromEntries(names.map((name) => [name, undefined]));
  const parts = {
    version: '0',
    providers: named('embedded', 'kind', 'k3s', 'existing'),
    suites: named('gpu', 'edge', 'catalogue'),
  } as unknown as Parts;
  return commandLine(parts, words, () => {});
}

/** What the command line says of words that it does not take, the command's own name left out; nothing is done by it. */
export async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  const program = commandLineOf(words);
  let said = '';
  const disarm = (command: Command) => {
    command.exitOverride().configureOutput({
      writeErr: (text) => {
        said += text;
      },
      writeOut: () => {},
    });
    if (command.commands.length === 0) command.action(() => {});
    for (const each of command.commands) disarm(each);
  };
  disarm(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    return said || String(error);
  }
}
