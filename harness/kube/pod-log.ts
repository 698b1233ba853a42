import type { Clock } from '../clock/clock.ts';
import { apiStatus, type Kube } from './client.ts';

const TRIES = 3;
const AGAIN_MS = 1_000;
const TOO_MANY_REQUESTS = 429;

export interface PodLogLine {
  /** Wall milliseconds since the epoch, by the container runtime's stamp. */
  at: number;
  line: string;
}

/** A container's log with the runtime's stamps, oldest first. @throws ApiException. */
export async function podLog(
  kube: Kube,
  namespace: string,
  name: string,
  container: string,
): Promise<PodLogLine[]> {
  const text = await kube.core.readNamespacedPodLog({ namespace, name, container, timestamps: true });
  return (text ?? '')
    .split('\n')
    .filter((stamped) => stamped !== '')
    .map((stamped) => {
      const space = stamped.indexOf(' ');
      return { at: parseStamp(stamped.slice(0, space)), line: stamped.slice(space + 1) };
    });
}

/**
 * The same where there is no later look: a kubelet that is too busy, or an API server that has just lost its way to it, is asked
 * again. @throws ApiException, or what the last try failed by
 */
export async function podLogAtLast(
  kube: Kube,
  namespace: string,
  name: string,
  container: string,
  clock: Clock,
): Promise<PodLogLine[]> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await podLog(kube, namespace, name, container);
    } catch (error) {
      const status = apiStatus(error);
      const isRefused = status !== undefined && status < 500 && status !== TOO_MANY_REQUESTS;
      if (isRefused || left === 0) throw error;
      await clock.sleep(AGAIN_MS);
    }
  }
}

/** RFC 3339 with up to nine places; what Date.parse drops beyond milliseconds is added back. */
function parseStamp(stamp: string): number {
  const [, places = ''] = /\.(\d+)/.exec(stamp) ?? [];
  return Date.parse(stamp) + Number(`0.${places.slice(3) || '0'}`);
}
