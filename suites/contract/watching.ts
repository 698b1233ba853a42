import { type KubernetesObject, Watch } from '@kubernetes/client-node';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Kube } from '../../harness/kube/client.ts';

/** The ConfigMap that a controller makes in a new namespace. */
const CLUSTERS_OWN = 'kube-root-ca.crt';

export interface Seen {
  type: string;
  /** The object; a Status on ERROR. */
  object: KubernetesObject & { code?: number; reason?: string; status?: { phase?: string } };
}

/** One watch as the wire has it: no relist, no resume, so that the server's own semantics show. */
export class RawWatch {
  readonly seen: Seen[] = [];
  ended = false;
  /** HTTP status of a watch that was refused. */
  refusal: number | undefined;
  #abort: AbortController | undefined;

  static async open(
    kube: Kube,
    path: string,
    query: Record<string, string | number | boolean>,
  ): Promise<RawWatch> {
    const raw = new RawWatch();
    raw.#abort = await new Watch(kube.config).watch(
      path,
      query,
      (type: string, object: Seen['object']) => raw.seen.push({ type, object }),
      (error: { statusCode?: number } | null | undefined) => {
        raw.refusal = error?.statusCode;
        raw.ended = true;
      },
    );
    return raw;
  }

  /** The types and names of objects, in order, without bookmarks, and without what the cluster itself puts into each namespace in its own time. */
  get story(): string[] {
    return this.seen
      .filter(({ type, object }) => type !== 'BOOKMARK' && object.metadata?.name !== CLUSTERS_OWN)
      .map(({ type, object }) => `${type} ${object.metadata?.name}`);
  }

  async until(what: string, probe: () => boolean, deadlineMs = 30_000): Promise<void> {
    await waitFor(() => probe() || undefined, {
      what,
      deadlineMs,
      intervalMs: 20,
      seen: () => `${this.story.join(', ')}${this.ended ? ' (ended)' : ''}`,
    });
  }

  close(): void {
    this.#abort?.abort();
  }
}
