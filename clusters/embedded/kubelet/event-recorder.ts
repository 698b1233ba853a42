import { createHash } from 'node:crypto';
import type { Clock } from '../../../harness/clock/clock.ts';
import { timestamp } from '../memory-store.ts';
import type { KubeObject, Store } from '../store.ts';

/** Posts core/v1 Events about an object, as a component of the cluster does: the same said again counts one up. */
export function eventRecorder(store: Store, clock: Clock, component: string, host = '') {
  return (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void => {
    const { name, namespace = 'default', uid, resourceVersion } = about.metadata;
    // The namespace may be on its way out, and with it whoever would read this.
    if (store.get('namespaces', undefined, namespace) === undefined) return;
    const now = timestamp(clock.wall());
    const said = JSON.stringify([component, host, uid, type, reason, message]);
    const event = `${name}.${createHash('sha256').update(said).digest('hex').slice(0, 16)}`;
    if (store.get('events', namespace, event)) {
      store.update('events', namespace, event, (before) => ({
        ...before,
        lastTimestamp: now,
        count: before.count + 1,
      }));
      return;
    }
    store.create('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: event },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        namespace,
        uid,
        resourceVersion,
      },
      type,
      reason,
      message,
      source: { component, ...(host && { host }) },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
  };
}

export type PostEvent = ReturnType<typeof eventRecorder>;
