import { setMaxListeners } from 'node:events';
import { EXIT, OrdealError } from '../errors/error.ts';

export interface Interrupt {
  signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/**
 * Turns SIGINT, SIGTERM and the deadline into one abort, whose reason is an OrdealError (INTERRUPTED exit 130,
 * DEADLINE exit 2). A second signal changes nothing: what was broken has to be healed first, and `say` tells so.
 */
export function interruptible(deadlineMs: number, say: (line: string) => void): Interrupt {
  const controller = new AbortController();
  // A run on many nodes waits for something on each at once, which is no leak.
  setMaxListeners(0, controller.signal);
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) return say(`${name} again: still healing and tearing down`);
    say(`${name}: healing and tearing down`);
    controller.abort(
      new OrdealError({
        code: 'INTERRUPTED',
        exit: EXIT.interrupted,
        tried: 'running to the end',
        seen: `${name} came`,
        todo: 'run again; what was recorded until then is in the run’s folder',
      }),
    );
  };
  const timer = setTimeout(() => {
    controller.abort(
      new OrdealError({
        code: 'DEADLINE',
        exit: EXIT.inconclusive,
        tried: 'running to the end',
        seen: `the deadline of ${deadlineMs / 1_000} s passed`,
        todo: 'raise the plan’s deadline, or ask for a lower level',
      }),
    );
  }, deadlineMs);
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
