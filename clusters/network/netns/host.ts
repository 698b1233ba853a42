import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { tryRun } from '../../../harness/exec/exec.ts';
import type { Hop } from '../port.ts';

/** Runs an argument array on the machine that the lab is on. */
export type Exec = Hop['exec'];

export const thisMachine: Exec = tryRun;

/** Where the namespaces of a lab have their names. */
export interface Host {
  /** Runs an argument array there. */
  exec: Exec;
  /** Runs argument arrays in a namespace, given what enters it; unless told, each command enters it. */
  execIn?: ((enter: readonly string[]) => Exec) | undefined;
  /** What to put before a long-lived program's argument array so that it runs there; nothing for this machine. */
  enter: readonly string[];
  /** Where it has the harness's programs, if they are not this machine's. */
  programs?: Hop['programs'];
}

/** A network namespace as a hop. */
export function namespaceHop(name: string, namespace: string, host: Host): Hop {
  const inside = ['ip', 'netns', 'exec', namespace];
  const enterEach: Exec = (argv, options) => host.exec([...inside, ...argv], options);
  return {
    name,
    enter: [...host.enter, ...inside],
    machine: host.enter,
    exec: host.execIn?.(inside) ?? enterEach,
    ...(host.programs && { programs: host.programs }),
  };
}

/**
 * Standard output of a command that has to succeed.
 * @throws OrdealError NETWORK_LAB_COMMAND (exit 4) with what the command said.
 */
export async function must(exec: Exec, argv: readonly string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await exec(argv, input === undefined ? {} : { input });
  if (exitCode === 0) return stdout;
  throw labCommandFailed(argv, `exit code ${exitCode}: ${stderr.trim()}`);
}

export function labCommandFailed(argv: readonly string[], seen: string): OrdealError {
  return new OrdealError({
    code: 'NETWORK_LAB_COMMAND',
    exit: EXIT.unable,
    tried: `running \`${argv.join(' ')}\` for the network lab`,
    seen,
    todo: 'ordeal doctor says what this machine lacks for network namespaces',
  });
}

/** Runs `ip` once for several of its commands, inside a namespace where one is named. */
export async function ipBatch(
  exec: Exec,
  namespace: string | undefined,
  commands: readonly (readonly string[])[],
): Promise<void> {
  const lines = commands.map((words) => `${words.join(' ')}\n`).join('');
  await must(exec, ['ip', ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'], lines);
}
