import type { Clock } from '../../../harness/clock/clock.ts';
import { type LogOptions, StatusError } from '../store.ts';
import type { LogLine } from './container.ts';
import type { PodRecord } from './pod-status.ts';

/**
 * One container's log, oldest line first; of the attempt before the present one with `previous`.
 * @throws StatusError 400, in the kubelet's words, where there is none.
 */
export async function* readLog(
  pod: string,
  record: PodRecord | undefined,
  options: LogOptions,
  clock: Clock,
): AsyncIterable<LogLine> {
  const name = options.container;
  const found = [...(record?.init ?? []), ...(record?.main ?? [])].find(({ spec }) => spec.name === name);
  const container = options.previous ? found?.previous : (found?.current ?? found?.previous);
  if (!container) {
    const text = options.previous
      ? `previous terminated container "${name}" in pod "${pod}" not found`
      : `container "${name}" in pod "${pod}" is waiting to start: ${found?.waiting.reason ?? 'ContainerCreating'}`;
    throw new StatusError(400, 'BadRequest', text);
  }
  const since = options.sinceTime
    ? Date.parse(options.sinceTime)
    : options.sinceSeconds === undefined
      ? 0
      : clock.wall() - options.sinceSeconds * 1_000;
  const { lines } = container;
  const kept = lines.filter(({ time }) => Date.parse(time) >= since);
  const first = options.tailLines === undefined ? 0 : Math.max(0, kept.length - options.tailLines);
  let read = container.dropped + lines.length;
  for (const line of kept.slice(first)) yield line;
  if (!options.follow) return;
  while (!options.signal.aborted) {
    for (; read < container.dropped + lines.length; read++) {
      const line = lines[read - container.dropped];
      if (line) yield line;
    }
    if (!container.running) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        container.listeners.delete(wake);
        options.signal.removeEventListener('abort', wake);
        resolve();
      };
      container.listeners.add(wake);
      options.signal.addEventListener('abort', wake);
    });
  }
}
