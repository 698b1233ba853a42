import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { KINDS, type KindInfo } from '../kinds.ts';
import { StatusError } from '../store.ts';

/** A request for a resource, taken apart. */
export interface ResourceRequest {
  info: KindInfo;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
  query: URLSearchParams;
}

const PATH =
  /^\/(?:api\/v1|apis\/([^/]+)\/v1)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** Undefined where the path names no resource that is served. */
export function resourceRequest(url: URL): ResourceRequest | undefined {
  let [, group = '', namespace, plural, name, subresource] = PATH.exec(decodeURI(url.pathname)) ?? [];
  // `/api/v1/namespaces/x/status` and `/api/v1/namespaces/x` are about the namespace itself.
  if (namespace && plural && !KINDS.some((info) => info.plural === plural)) {
    [namespace, plural, name, subresource] = [undefined, 'namespaces', namespace, plural];
  }
  const info = KINDS.find((kind) => kind.plural === plural && kind.group === group);
  if (!info) return undefined;
  return {
    info,
    namespace: info.namespaced ? namespace : undefined,
    name,
    subresource,
    query: url.searchParams,
  };
}

/** The body as it came. @throws StatusError 413. */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // etcd's own limit for an object.
    if (size > 3 << 20)
      throw new StatusError(413, 'RequestEntityTooLarge', 'the request is larger than 3 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON or YAML; undefined when empty. @throws StatusError 400, 413. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  const text = bytes.toString('utf8');
  try {
    return request.headers['content-type']?.includes('yaml') ? parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw new StatusError(400, 'BadRequest', `the body could not be read: ${(error as Error).message}`);
  }
}

export function sendJson(response: ServerResponse, code: number, body: string): void {
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** A failure as the API tells it. */
export function statusOf(error: StatusError) {
  const { status: code, reason, message, details } = error;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  };
}

export function wantsTable(request: IncomingMessage): boolean {
  return request.headers.accept?.includes('as=Table') ?? false;
}
