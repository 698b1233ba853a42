import type { Hop } from '../../clusters/network/port.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { type ChangeState, type CommandUndo, stateOf, takeBack } from '../command-undo.ts';
import type { Port } from './lanes.ts';

/** A change of a hop's kernel that is known by its mark. */
export interface Change {
  undo: CommandUndo;
  /** The device where it is felt; left out where it is felt at none alone. */
  at?: Port;
  make(): Promise<void>;
  state(): Promise<ChangeState>;
  takeBack(): Promise<void>;
  /** What is not ours and would have to go first: a reason to refuse. */
  inTheWay(): Promise<string | undefined>;
}

interface ChangeFacts {
  what: string;
  hop: Hop;
  /** The device, of those that were there before, where it is felt. */
  device?: string;
  /** Commands in order, each an argument array or one with standard input. */
  make: readonly (readonly string[] | { argv: readonly string[]; input: string })[];
  look: string[];
  mark: string;
  undo: string[];
  inTheWay(): Promise<string | undefined>;
  /** What has to follow the commands. */
  afterwards?(): Promise<void>;
}

export function change(facts: ChangeFacts): Change {
  const { afterwards, device, hop, inTheWay, look, make, mark, what } = facts;
  const undo: CommandUndo = {
    what,
    machine: [...hop.machine],
    enter: hop.enter.slice(hop.machine.length),
    look,
    mark,
    undo: facts.undo,
  };
  return {
    undo,
    ...(device !== undefined && { at: { hop, device } }),
    inTheWay,
    state: () => stateOf(undo, hop.exec),
    takeBack: () => takeBack(undo, hop.exec),
    async make() {
      for (const step of make) {
        const { argv, input } = 'argv' in step ? step : { argv: step, input: undefined };
        const { exitCode, stderr } = await hop.exec(argv, input === undefined ? {} : { input });
        if (exitCode !== 0) throw failed(what, argv, exitCode, stderr);
      }
      await afterwards?.();
    },
  };
}

function failed(what: string, argv: readonly string[], exitCode: number, stderr: string): OrdealError {
  return new OrdealError({
    code: 'FAULT_COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `making ${what} with \`${argv.join(' ')}\``,
    seen: `exit code ${exitCode}: ${stderr.trim()}`,
    todo: 'what was made of it is taken back; the message is the command’s own',
  });
}
