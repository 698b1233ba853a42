import { run, tryRun } from '../../harness/exec/exec.ts';
import type { ClusterNode } from '../port.ts';

/** Longer than Docker itself waits for a killed container's end. */
const SWITCH_MS = 60_000;

/**
 * The power of a node that is a container of the same name: it is killed with all that runs in it, without a word to any of
 * it, and started again with the disk that it had. Docker gives it the address it had, which its kubelet knows it by, unless
 * another container has joined its network since.
 */
export function containerPower(name: string): NonNullable<ClusterNode['power']> {
  const start = ['docker', 'start', name];
  return {
    async off() {
      const { exitCode, stdout } = await tryRun(stateOf(name));
      if (exitCode === 0 && stdout.trim() === DOWN) return;
      await run(['docker', 'kill', name], { timeoutMs: SWITCH_MS });
    },
    async on() {
      await run(start, { timeoutMs: SWITCH_MS });
    },
    orders: { look: stateOf(name), down: DOWN, on: start },
  };
}

/** What Docker says of a container whose processes have ended. */
const DOWN = 'exited';

function stateOf(name: string): string[] {
  return ['docker', 'container', 'inspect', '--format', '{{.State.Status}}', name];
}
