import { createInterface } from 'node:readline';
import type { Clock } from '../clock/clock.ts';
import { messageOf } from '../errors/error.ts';
import type { Kube } from './client.ts';
import { openStream } from './stream.ts';

export interface FollowLogOptions {
  kube: Kube;
  namespace: string;
  pod: string;
  container: string;
  /** A line may come again after a stream was cut: the listener tells by what is in it. */
  onLine(line: string): void;
  onTrouble?(what: string): void;
  clock: Clock;
  /** Pause before a stream that ended is opened again; 250 ms unless told. */
  retryMs?: number;
}

export interface LogFollower {
  /** Reads what the log holds by now, and ends. @param last ends the reading; after 10 s unless told */
  stop(last?: AbortSignal): Promise<void>;
}

/**
 * Follows one container's log as it grows, from its start on, over cut streams and restarts of the container: when a
 * stream ends, the log of the attempt before is read too, for the stream may have been cut before its last lines.
 */
export function followLog(options: FollowLogOptions): LogFollower {
  const ending = new AbortController();
  const { signal } = ending;
  const loop = (async () => {
    while (!signal.aborted) {
      const open = await read(options, { follow: 'true' }, signal);
      if (signal.aborted) return;
      if (open) await read(options, { previous: 'true' }, signal);
      await options.clock.sleep(options.retryMs ?? 250, signal).catch(() => undefined);
    }
  })();
  return {
    async stop(last = AbortSignal.timeout(10_000)) {
      ending.abort();
      await loop;
      await read(options, { previous: 'true' }, last);
      await read(options, {}, last);
    },
  };
}

/** One stream to its end; false where the container has no such log, yet or any more. */
async function read(
  { kube, namespace, pod, container, onLine, onTrouble }: FollowLogOptions,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
  try {
    const response = await openStream(kube, path, { container, ...query }, signal);
    if (response.statusCode !== 200) {
      response.resume();
      const none = response.statusCode === 400 || response.statusCode === 404;
      if (!none) onTrouble?.(`the API server answered ${response.statusCode} for ${path}`);
      return false;
    }
    for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== '') onLine(line);
    }
  } catch (error) {
    if (!signal.aborted) onTrouble?.(`${path}: ${messageOf(error)}`);
  }
  return true;
}
