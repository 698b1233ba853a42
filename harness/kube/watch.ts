import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { KubernetesObject } from '@kubernetes/client-node';
import type { Clock } from '../clock/clock.ts';
import type { Kube } from './client.ts';
import { openStream } from './stream.ts';

type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchOptions<T extends KubernetesObject> {
  kube: Kube;
  /** The collection's path: `/api/v1/namespaces/x/pods`. */
  path: string;
  query?: Record<string, string>;
  onEvent(type: WatchType, object: T): void;
  /**
   * A cut, a stall, a relist: what happened and what is done about it. `missed`: what became of the objects in between may
   * never be told, for they are listed anew.
   */
  onTrouble?(what: string, missed: boolean): void;
  /** A watch that says nothing for so long is cut and resumed, for one can stall silently; 30 s unless told. */
  inactivityMs?: number;
  /** Pause before reconnecting; 500 ms unless told. */
  reconnectMs?: number;
  clock: Clock;
  signal: AbortSignal;
}

export interface WatchHandle {
  /** Resolves once the first list has been delivered; rejects where the watch is over before, with its signal’s reason. */
  synced: Promise<void>;
  /** Resolves when the watch is over. */
  stop(): Promise<void>;
}

interface ObjectList<T> {
  metadata: { resourceVersion: string };
  items: T[];
}

interface WatchLine<T> {
  type: WatchType | 'BOOKMARK' | 'ERROR';
  object: T & { code?: number };
}

/** The version is too old to resume from: list again. */
class Expired extends Error {}

/**
 * Lists a collection and follows it: resumes from the last version seen, lists anew where that is too old, and then
 * delivers what it missed, deletions included, so that the listener's picture is the API server's.
 */
export function watchResource<T extends KubernetesObject>(options: WatchOptions<T>): WatchHandle {
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let done = Promise.resolve();
  const synced = new Promise<void>((resolve, reject) => {
    done = follow(options, signal, resolve).then(() => reject(signal.reason));
  });
  // Nobody may be waiting for it.
  synced.catch(() => undefined);
  return {
    synced,
    async stop() {
      ending.abort();
      await done;
    },
  };
}

async function follow<T extends KubernetesObject>(
  options: WatchOptions<T>,
  signal: AbortSignal,
  synced: () => void,
): Promise<void> {
  const known = new Map<string, T>();
  let version: string | undefined;
  const deliver = (type: WatchType, object: T) => {
    const key = `${object.metadata?.namespace ?? ''}/${object.metadata?.name}`;
    if (type === 'DELETED') known.delete(key);
    else known.set(key, object);
    options.onEvent(type, object);
  };
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        version = await relist(options, signal, known, deliver);
        synced();
      }
      for await (const line of lines<T>(options, signal, version)) {
        if (line.type === 'ERROR') {
          if (line.object.code === 410) throw new Expired('the version is too old');
          throw new Error(`the API server ended the watch: ${JSON.stringify(line.object)}`);
        }
        version = line.object.metadata?.resourceVersion ?? version;
        if (line.type !== 'BOOKMARK') deliver(line.type, line.object);
      }
    } catch (error) {
      if (signal.aborted) return;
      const missed = error instanceof Expired;
      if (missed) version = undefined;
      options.onTrouble?.(
        `${(error as Error).message}; ${version === undefined ? 'listing again' : `resuming from ${version}`}`,
        missed,
      );
    }
    await options.clock.sleep(options.reconnectMs ?? 500, signal).catch(() => undefined);
  }
}

async function relist<T extends KubernetesObject>(
  options: WatchOptions<T>,
  signal: AbortSignal,
  known: Map<string, T>,
  deliver: (type: WatchType, object: T) => void,
): Promise<string> {
  const response = await open(options, signal, options.query ?? {});
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const list = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ObjectList<T>;
  const names = new Set(list.items.map(({ metadata }) => `${metadata?.namespace ?? ''}/${metadata?.name}`));
  for (const [key, object] of [...known]) if (!names.has(key)) deliver('DELETED', object);
  for (const object of list.items) {
    const before = known.get(`${object.metadata?.namespace ?? ''}/${object.metadata?.name}`);
    if (before?.metadata?.resourceVersion === object.metadata?.resourceVersion) continue;
    deliver(before ? 'MODIFIED' : 'ADDED', object);
  }
  return list.metadata.resourceVersion;
}

async function* lines<T>(
  options: WatchOptions<T & KubernetesObject>,
  signal: AbortSignal,
  version: string,
): AsyncIterable<WatchLine<T & KubernetesObject>> {
  const query = { ...options.query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion: version };
  const response = await open(options, signal, query);
  const inactivityMs = options.inactivityMs ?? 30_000;
  response.setTimeout(inactivityMs, () =>
    response.destroy(new Error(`the watch was silent for ${inactivityMs} ms`)),
  );
  for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield JSON.parse(line);
  }
}

/** @throws Expired on 410, Error on any other failure. */
async function open<T extends KubernetesObject>(
  { kube, path }: WatchOptions<T>,
  signal: AbortSignal,
  query: Record<string, string>,
): Promise<IncomingMessage> {
  const response = await openStream(kube, path, query, signal);
  if (response.statusCode === 200) return response;
  response.resume();
  if (response.statusCode === 410) throw new Expired('the version is too old');
  throw new Error(`the API server answered ${response.statusCode} for ${path}`);
}
