import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../harness/clock/clock.ts';
import { apiVersionOf } from '../kinds.ts';
import { type KubeletPort, type KubeObject, StatusError, type Store } from '../store.ts';
import { streamLog } from './log.ts';
import { patched } from './patch.ts';
import { type ResourceRequest, readBody, sendJson, wantsTable } from './request.ts';
import { scaledTo, scaleOf } from './scale.ts';
import { fieldMatcher, labelMatcher } from './selectors.ts';
import { tableOf } from './table.ts';
import { streamWatch } from './watch.ts';

export interface Backend {
  store: Store;
  clock: Clock;
  kubelet(node: string): KubeletPort | undefined;
}

/** Answers one request for a resource. @throws StatusError. */
export async function serveResource(
  request: IncomingMessage,
  response: ServerResponse,
  resource: ResourceRequest,
  backend: Backend,
): Promise<void> {
  const { info, namespace, name, subresource, query } = resource;
  const { store } = backend;
  const one = (object: KubeObject, code = 200) => {
    if (!wantsTable(request)) return sendJson(response, code, store.textOf(info.plural, object));
    return sendJson(
      response,
      code,
      JSON.stringify(tableOf(info.plural, [object], backend.clock.wall(), object.metadata.resourceVersion)),
    );
  };
  const stored = () => {
    const object = store.get(info.plural, namespace, name as string);
    if (object) return object;
    throw new StatusError(
      404,
      'NotFound',
      `${info.plural}${info.group && `.${info.group}`} "${name}" not found`,
      { name, group: info.group, kind: info.plural },
    );
  };
  const dryRun = query.get('dryRun') === 'All';

  if (name === undefined) {
    if (request.method === 'GET') {
      if (query.get('watch') === 'true' || query.get('watch') === '1')
        return streamWatch(request, response, resource, store, backend.clock);
      return list(request, response, resource, backend);
    }
    if (request.method === 'POST') {
      const draft = (await readBody(request)) as KubeObject;
      checkKind(draft, resource);
      const metadata = {
        ...draft.metadata,
        ...(info.namespaced && { namespace: namespace ?? draft.metadata.namespace ?? 'default' }),
      };
      if (dryRun) return one({ ...draft, metadata }, 201);
      return one(store.create(info.plural, { ...draft, metadata }), 201);
    }
    if (request.method === 'DELETE') return await deleteCollection(request, response, resource, backend);
    throw notAllowed(request);
  }

  if (subresource === 'log' && request.method === 'GET')
    return await streamLog(response, stored(), query, backend);
  if (subresource === 'binding' && request.method === 'POST') {
    const binding = (await readBody(request)) as { target: { name: string } };
    store.update('pods', namespace, name, (pod) => ({
      ...pod,
      spec: { ...pod.spec, nodeName: binding.target.name },
    }));
    return sendJson(
      response,
      201,
      JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Success', code: 201 }),
    );
  }
  if (subresource === 'scale' && info.scale) return await scale(request, response, resource, backend, stored);
  if (subresource !== undefined && !(subresource === 'status' && info.status)) {
    throw new StatusError(
      404,
      'NotFound',
      `the server could not find the requested resource (${info.plural}/${subresource})`,
    );
  }
  const status = subresource === 'status';
  switch (request.method) {
    case 'GET':
      if (query.get('watch') === 'true')
        return streamWatch(request, response, resource, store, backend.clock);
      return one(stored());
    case 'PUT': {
      const wanted = (await readBody(request)) as KubeObject;
      checkKind(wanted, resource);
      return one(replaceWith(resource, backend, () => wanted, status, dryRun));
    }
    case 'PATCH': {
      const type = request.headers['content-type'] ?? '';
      const patch = await readBody(request);
      if (type.startsWith('application/apply-patch') && !store.get(info.plural, namespace, name)) {
        const draft = patch as KubeObject;
        return one(
          store.create(info.plural, {
            ...draft,
            metadata: { ...draft.metadata, name, ...(namespace && { namespace }) },
          }),
          201,
        );
      }
      return one(replaceWith(resource, backend, (current) => patched(current, type, patch), status, dryRun));
    }
    case 'DELETE': {
      const options = ((await readBody(request)) ?? {}) as {
        gracePeriodSeconds?: number;
        propagationPolicy?: string;
        preconditions?: { uid?: string; resourceVersion?: string };
      };
      const { uid, resourceVersion } = stored().metadata;
      const { preconditions = {} } = options;
      if (
        (preconditions.uid ?? uid) !== uid ||
        (preconditions.resourceVersion ?? resourceVersion) !== resourceVersion
      ) {
        throw new StatusError(
          409,
          'Conflict',
          `Operation cannot be fulfilled on ${info.plural} "${name}": Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`,
          { name, kind: info.plural },
        );
      }
      if (dryRun) return one(stored());
      return one(store.delete(info.plural, namespace, name, deleteOptions(options, query)));
    }
    default:
      throw notAllowed(request);
  }
}

async function scale(
  request: IncomingMessage,
  response: ServerResponse,
  resource: ResourceRequest,
  backend: Backend,
  stored: () => KubeObject,
): Promise<void> {
  const answer = (object: KubeObject) => sendJson(response, 200, JSON.stringify(scaleOf(object)));
  if (request.method === 'GET') return answer(stored());
  if (request.method !== 'PUT' && request.method !== 'PATCH') throw notAllowed(request);
  const type = request.headers['content-type'] ?? '';
  const body = (await readBody(request)) as KubeObject;
  const dryRun = resource.query.get('dryRun') === 'All';
  const change = (current: KubeObject) =>
    scaledTo(current, request.method === 'PUT' ? body : patched(scaleOf(current), type, body));
  answer(replaceWith(resource, backend, change, false, dryRun));
}

function replaceWith(
  { info, namespace, name }: ResourceRequest,
  { store }: Backend,
  change: (current: KubeObject) => KubeObject,
  status: boolean,
  dryRun: boolean,
): KubeObject {
  const current = store.get(info.plural, namespace, name as string);
  if (!current)
    throw new StatusError(404, 'NotFound', `${info.plural} "${name}" not found`, { name, kind: info.plural });
  const wanted = change(current);
  const seen = wanted.metadata?.resourceVersion;
  if (seen && seen !== current.metadata.resourceVersion) {
    throw new StatusError(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${info.plural} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
      { name, kind: info.plural },
    );
  }
  if (dryRun) return wanted;
  const fixed = {
    ...wanted,
    metadata: { ...wanted.metadata, name: name as string, ...(namespace && { namespace }) },
  };
  return store.update(info.plural, namespace, name as string, () => fixed, { status });
}

function list(
  request: IncomingMessage,
  response: ServerResponse,
  { info, namespace, query }: ResourceRequest,
  { store, clock }: Backend,
): void {
  const labels = labelMatcher(query.get('labelSelector'));
  const fields = fieldMatcher(query.get('fieldSelector'));
  const found = store
    .list(info.plural, namespace)
    .filter((object) => labels(object) && fields(object))
    .map((object) => ({ object, at: nameOf(object) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  const { after, version } = readContinue(query.get('continue')) ?? {
    after: '',
    version: String(store.version),
  };
  const rest = found.filter(({ at }) => at > after).map(({ object }) => object);
  const limit = Number(query.get('limit') || 0);
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const more = page.length < rest.length;
  const metadata = {
    // Every page is at the first one's version: a watch from there tells whatever changed between the pages.
    resourceVersion: version,
    ...(more && {
      continue: continueAfter(page.at(-1) as KubeObject, version),
      remainingItemCount: rest.length - page.length,
    }),
  };
  if (wantsTable(request)) {
    const table = tableOf(info.plural, page, clock.wall(), metadata.resourceVersion);
    sendJson(response, 200, JSON.stringify({ ...table, metadata }));
    return;
  }
  const head = JSON.stringify({ kind: `${info.kind}List`, apiVersion: apiVersionOf(info), metadata });
  sendJson(
    response,
    200,
    `${head.slice(0, -1)},"items":[${page.map((object) => store.textOf(info.plural, object)).join(',')}]}`,
  );
}

function continueAfter(object: KubeObject, version: string): string {
  return Buffer.from(JSON.stringify([nameOf(object), version])).toString('base64url');
}

/** @throws StatusError 400 for a token that this server did not give. */
function readContinue(token: string | null): { after: string; version: string } | undefined {
  if (!token) return undefined;
  try {
    const [after, version] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [string, string];
    return { after, version };
  } catch {
    throw new StatusError(400, 'BadRequest', 'continue key is not valid');
  }
}

async function deleteCollection(
  request: IncomingMessage,
  response: ServerResponse,
  { info, namespace, query }: ResourceRequest,
  { store }: Backend,
): Promise<void> {
  const options = ((await readBody(request)) ?? {}) as object;
  const labels = labelMatcher(query.get('labelSelector'));
  const fields = fieldMatcher(query.get('fieldSelector'));
  const doomed = store.list(info.plural, namespace).filter((object) => labels(object) && fields(object));
  for (const { metadata } of doomed)
    store.delete(info.plural, metadata.namespace, metadata.name, deleteOptions(options, query));
  sendJson(
    response,
    200,
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }),
  );
}

function deleteOptions(
  body: { gracePeriodSeconds?: number; propagationPolicy?: string },
  query: URLSearchParams,
) {
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  return {
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(policy !== null && { propagationPolicy: policy }),
    ...body,
  };
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function checkKind(object: KubeObject | undefined, { info }: ResourceRequest): void {
  if (!object?.metadata) throw new StatusError(400, 'BadRequest', 'the body is no object with metadata');
  if (object.kind && object.kind !== info.kind) {
    throw new StatusError(
      400,
      'BadRequest',
      `${object.kind} in version "${object.apiVersion}" cannot be handled as a ${info.kind}`,
    );
  }
}

function notAllowed(request: IncomingMessage): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    `the server does not allow this method on the requested resource: ${request.method}`,
  );
}
