import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../harness/clock/clock.ts';
import { apiVersionOf } from '../kinds.ts';
import { type KubeObject, StatusError, type Store, type WatchEvent } from '../store.ts';
import { type ResourceRequest, statusOf, wantsTable } from './request.ts';
import { fieldMatcher, labelMatcher } from './selectors.ts';
import { tableOf } from './table.ts';

/** Seconds that a watch lasts when it asks for no end; the API server draws 30 to 60 minutes. */
const DEFAULT_SECONDS = 45 * 60;
/** A bookmark each minute, and one shortly before the end, as the API server sends them. */
const BOOKMARK_MS = 60_000;
const BOOKMARK_BEFORE_END_MS = 2_000;

/** Streams a resource's changes until the client goes or the time is over. */
export function streamWatch(
  request: IncomingMessage,
  response: ServerResponse,
  { info, namespace, name, query }: ResourceRequest,
  store: Store,
  clock: Clock,
): void {
  const labels = labelMatcher(query.get('labelSelector'));
  const fields = fieldMatcher(query.get('fieldSelector'));
  const matches = (object: KubeObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    labels(object) &&
    fields(object);
  const asTable = wantsTable(request);
  let columns = true;
  const send = (type: string, object: KubeObject) => {
    if (!asTable) return response.write(`{"type":"${type}","object":${store.textOf(info.plural, object)}}\n`);
    const table = tableOf(info.plural, [object], clock.wall(), object.metadata.resourceVersion, columns);
    columns = false;
    return response.write(`${JSON.stringify({ type, object: table })}\n`);
  };
  const listener = ({ type, object, previous }: WatchEvent) => {
    const now = type !== 'DELETED' && matches(object);
    const before = previous !== undefined && matches(previous);
    // An object that leaves the selection is gone, one that enters it is new, whatever really happened.
    if (now) send(before ? 'MODIFIED' : 'ADDED', object);
    else if (before && type === 'DELETED') send('DELETED', object);
    // One that left the selection is told as it was last in it, at the version that it left with.
    else if (before) send('DELETED', left(previous, object));
  };
  const wanted = query.get('resourceVersion');
  const replay = wanted === null || wanted === '' || wanted === '0';
  response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
  response.flushHeaders();
  if (replay)
    for (const object of store.list(info.plural, namespace)) if (matches(object)) send('ADDED', object);
  let unwatch: () => void;
  try {
    unwatch = store.watch(info.plural, listener, replay ? undefined : Number(wanted));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(error) })}\n`);
    return;
  }
  const bookmark = () => {
    const metadata = { resourceVersion: String(store.version), creationTimestamp: null };
    response.write(
      `${JSON.stringify({ type: 'BOOKMARK', object: { kind: info.kind, apiVersion: apiVersionOf(info), metadata } })}\n`,
    );
  };
  const lastsMs = Number(query.get('timeoutSeconds') || DEFAULT_SECONDS) * 1_000;
  const timers: NodeJS.Timeout[] = [];
  const over = () => {
    unwatch();
    for (const timer of timers) clearTimeout(timer);
  };
  // Nothing more is written then, however long the client takes to read the rest.
  const end = () => {
    over();
    response.end();
  };
  timers.push(setTimeout(end, lastsMs));
  if (query.get('allowWatchBookmarks') === 'true') {
    timers.push(
      setInterval(bookmark, BOOKMARK_MS),
      setTimeout(bookmark, Math.max(0, lastsMs - BOOKMARK_BEFORE_END_MS)),
    );
  }
  response.on('close', over);
}

const departures = new WeakMap<KubeObject, KubeObject>();

/** An object as it was last in a selection, at the version that took it out: the same for every watch that it left. */
function left(previous: KubeObject, { metadata: { resourceVersion } }: KubeObject): KubeObject {
  const known = departures.get(previous);
  if (known) return known;
  const departed = { ...previous, metadata: { ...previous.metadata, resourceVersion } };
  departures.set(previous, departed);
  return departed;
}
