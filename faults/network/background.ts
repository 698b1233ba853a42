import { execa } from 'execa';
import type { Hop } from '../../clusters/network/port.ts';

/** Starts a program on a hop that goes on without this process; how it ends is for what it serves to tell. */
export function startAt(hop: Hop, argv: readonly string[]): void {
  const [command, ...args] = [...hop.enter, ...argv];
  const program = execa(command as string, args, {
    detached: true,
    stdio: 'ignore',
    cleanup: false,
    reject: false,
  });
  program.unref();
}
