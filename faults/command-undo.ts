import { z } from 'zod';
import { EXIT, OrdealError } from '../harness/errors/error.ts';

const Words = z.array(z.string()).min(1);

/** How to take back a change of a kernel, by whoever knows this much: argument arrays only, never a shell string. */
export const CommandUndo = z.strictObject({
  /** For people: `qdisc 4f52: on n1 of the NIC of edge-1`. */
  what: z.string(),
  /** What leads to the machine whose kernel it is; nothing for this one. */
  machine: z.array(z.string()).default([]),
  /** What to put before the commands, on that machine, so that they run at the target. */
  enter: z.array(z.string()),
  /** Prints `mark` while the change is there. */
  look: Words,
  mark: z.string(),
  undo: Words,
  /** Whether its words of a failure are for people alone: then nothing but what `look` prints says that it is gone. */
  exact: z.boolean().optional(),
});
export type CommandUndo = z.infer<typeof CommandUndo>;

interface Said {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs an argument array without what is put before it: that is the runner's own affair. */
export type Runner = (argv: readonly string[]) => Promise<Said>;

/**
 * What ip, tc, docker, kubectl and node say of a target that has gone and took the change with it: a namespace, device or
 * keeper, a pod whose last act was to take it back, or the folder of a program.
 */
const VANISHED =
  /Cannot open network namespace|Cannot find device|Cannot find module|No such container|[Cc]ontainer \S+ is not running|\(NotFound\): (?:pods|namespaces) "|in a completed pod/;
/** What they say where the thing itself is gone that was made. */
const ABSENT = /does not exist|No such device|No such file or directory/;

export type ChangeState = 'there' | 'gone' | 'vanished';

/**
 * `gone` where the change is not there, `vanished` where its target is not.
 * @throws OrdealError FAULT_TARGET_UNREADABLE (exit 4) where nothing can be told.
 */
export async function stateOf({ exact, look, mark, what }: CommandUndo, run: Runner): Promise<ChangeState> {
  const { exitCode, stdout, stderr } = await run(look);
  if (exitCode === 0) return stdout.includes(mark) ? 'there' : 'gone';
  if (!exact && VANISHED.test(stderr)) return 'vanished';
  if (!exact && ABSENT.test(stderr)) return 'gone';
  throw new OrdealError({
    code: 'FAULT_TARGET_UNREADABLE',
    exit: EXIT.unable,
    tried: `looking for ${what} with \`${look.join(' ')}\``,
    seen: `exit code ${exitCode}: ${stderr.trim()}`,
    todo: 'see that the command runs at the target, then run `ordeal clean`',
  });
}

/** Undoes what is there and reads back that it is gone; what is gone already is success. */
export async function takeBack(change: CommandUndo, run: Runner): Promise<void> {
  if ((await stateOf(change, run)) !== 'there') return;
  const { exitCode, stderr } = await run(change.undo);
  if ((await stateOf(change, run)) !== 'there') return;
  throw new OrdealError({
    code: 'FAULT_NOT_HEALED',
    exit: EXIT.unable,
    tried: `taking back ${change.what} with \`${change.undo.join(' ')}\``,
    seen: `exit code ${exitCode}, and it is still there: ${stderr.trim()}`,
    todo: `run the command by hand, after \`${[...change.machine, ...change.enter].join(' ')}\``,
  });
}
