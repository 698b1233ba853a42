import type { Kube } from './client.ts';

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

/** RFC 3339 with up to nine places; what Date.parse drops beyond milliseconds is added back. */
function parseStamp(stamp: string): number {
  const [, places = ''] = /\.(\d+)/.exec(stamp) ?? [];
  return Date.parse(stamp) + Number(`0.${places.slice(3) || '0'}`);
}
