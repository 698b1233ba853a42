import { decode, sha256 } from './checkpoint.ts';
import type { CheckpointRead } from './events.ts';
import type { CheckpointStore } from './store.ts';

/** What a store has under a key, by this process's own reading. @throws what the store's client does. */
export async function readBack(store: Pick<CheckpointStore, 'get'>, key: string): Promise<CheckpointRead> {
  const object = await store.get(key);
  if (!object) return { key, found: false, sha256: null, attempt: null, torn: null };
  const read = decode(object);
  const attempt = 'head' in read ? read.head.attempt : null;
  return { key, found: true, sha256: sha256(object), attempt, torn: 'torn' in read ? read.torn : null };
}
