import type { Clock } from '../clock/clock.ts';
import { messageOf } from '../errors/error.ts';
import { apiStatus } from '../kube/client.ts';

const ASK_MS = 1_000;
/** Without an answer for so long the API server counts as away: more than a busy one takes for the smallest call. */
export const AWAY_MS = 15_000;

export interface Away {
  /** For how long nothing was answered; until now, where it still is not. */
  ms: number;
  /** What the last call came to that failed; left out where none did, and the answer was only late. */
  reason?: string;
}

/**
 * Asks the API server all the time whether it is there. A watch that says nothing may be one of a cluster in which nothing
 * happens, or of one that nobody hears of any more: only who asks can tell.
 * @param ask the smallest call that there is
 * @param tell once each time that it was away, when it is back or nobody asks any more
 */
export function watchApi(
  ask: () => Promise<unknown>,
  clock: Clock,
  tell: (away: Away) => void,
): { stop(): void } {
  const ending = new AbortController();
  const { signal } = ending;
  let answeredMono = clock.mono();
  let reason: string | undefined;
  const settle = () => {
    const ms = clock.mono() - answeredMono;
    if (ms >= AWAY_MS) tell({ ms, ...(reason !== undefined && { reason }) });
    answeredMono = clock.mono();
    reason = undefined;
  };
  const loop = async () => {
    while (!signal.aborted) {
      const failure = await ask().then(() => undefined, failureOf);
      // Who has stopped asking waits for no answer, and has told what there was to tell.
      if (signal.aborted) return;
      if (failure === undefined) settle();
      else reason = failure;
      await clock.sleep(ASK_MS, signal).catch(() => undefined);
    }
  };
  void loop();
  return {
    stop() {
      if (signal.aborted) return;
      ending.abort();
      settle();
    },
  };
}

/** Undefined where it was an answer all the same: a refusal comes from a server that is there. */
function failureOf(error: unknown): string | undefined {
  const status = apiStatus(error);
  return status !== undefined && status < 500 ? undefined : messageOf(error);
}
