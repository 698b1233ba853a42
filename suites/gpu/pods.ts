import { eventsOf, type HistoryEvent } from '../../harness/history/event.ts';
import { remembered } from '../../harness/history/remembered.ts';
import type { PodSeen, ProbeSeen } from './events.ts';

type Seen = HistoryEvent<string, PodSeen>;

/** A pod, by all that there is of it. */
export interface Pod {
  readonly uid: string;
  /** What the watch told, in order; nothing of a pod that was only heard. */
  readonly seen: readonly Seen[];
  /** Its last status, for a deletion says nothing of how its containers ended; undefined of one that was only heard. */
  readonly last: PodSeen | undefined;
  /** What its containers said of their GPUs, as it came. */
  readonly looks: readonly ProbeSeen[];
}

/**
 * All pods by their UID, in the order that they were first seen, and then those that were only heard. Most of what is judged is
 * of pods, and finding the pod of an event takes longer than what is then asked of it.
 */
export const podsOf = remembered((history): ReadonlyMap<string, Pod> => {
  const pods = new Map<
    string,
    { uid: string; seen: Seen[]; last: PodSeen | undefined; looks: ProbeSeen[] }
  >();
  for (const event of eventsOf<PodSeen>(history, 'pod.seen')) {
    const { gone, uid } = event.body;
    const pod = pods.get(uid);
    if (!pod) pods.set(uid, { uid, seen: [event], last: event.body, looks: [] });
    else {
      pod.seen.push(event);
      if (!gone) pod.last = event.body;
    }
  }
  for (const { body } of eventsOf<ProbeSeen>(history, 'gpu.probe')) {
    const pod = pods.get(body.podUid);
    if (pod) pod.looks.push(body);
    else pods.set(body.podUid, { uid: body.podUid, seen: [], last: undefined, looks: [body] });
  }
  return pods;
});
