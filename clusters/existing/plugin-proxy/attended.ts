import type { Clock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import { makeNodeNamespace, removeNodeNamespace, untilRunning } from '../node-namespace.ts';
import { type Place, PROXY_POD, proxyPod, talkCommand } from './place.ts';
import { Talk } from './talk.ts';

/** Its container runs before its program listens. */
const ANSWERS_MS = 30_000;
/**
 * A namespace's controller that finds a pod still there looks again after half of the pod's grace, of which this one has 30 s:
 * where it finds it there twice, 32 s go by.
 */
const GONE_MS = 45_000;

interface Way {
  kube: Kube;
  clock: Clock;
  signal?: AbortSignal;
}

/** Puts an attendant on a node, in a namespace of its own, and waits until it runs. */
export async function sendAttendant(place: Place, { clock, kube, signal }: Way): Promise<Talk> {
  const { namespace, node, resource, run } = place;
  const home = { clock, kube, namespace, ...(signal && { signal }) };
  await makeNodeNamespace(home, run);
  await kube.core.createNamespacedPod({ namespace, body: proxyPod(place) });
  const what = `who puts a proxy in front of ${resource} on ${node}`;
  await untilRunning(home, { code: 'ATTENDANT_NOT_STARTED', count: 1, what });
  const talk = talkTo(place, kube);
  let last = '';
  await waitFor(
    async () => {
      try {
        await talk.ask({ do: 'renew' });
        return true;
      } catch (error) {
        last = messageOf(error);
        return false;
      }
    },
    {
      what: `the attendant on ${node} to answer`,
      deadlineMs: ANSWERS_MS,
      intervalMs: 250,
      seen: () => last,
      clock,
      ...(signal && { signal }),
    },
  ).catch((error: unknown) => {
    talk.close();
    throw error;
  });
  return talk;
}

export function talkTo({ namespace, resource }: Place, kube: Kube): Talk {
  return new Talk({ kube, namespace, pod: PROXY_POD, container: PROXY_POD }, talkCommand(resource));
}

/** Ends it, which gives back what it stands in front of, and waits until nothing of it is left. Safe to repeat. */
export async function dismissAttendant({ namespace }: Place, { clock, kube }: Way): Promise<void> {
  await removeNodeNamespace({ clock, kube, namespace }, GONE_MS);
}
