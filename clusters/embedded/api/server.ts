import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../../harness/errors/error.ts';
import { StatusError } from '../store.ts';
import { reviewed } from './access-review.ts';
import { discover } from './discovery.ts';
import { resourceRequest, sendJson, statusOf } from './request.ts';
import { type Backend, serveResource } from './resources.ts';

export interface ApiServer {
  url: string;
  close(): Promise<void>;
}

/** Serves the Kubernetes API on loopback, on a port of the system's choice, to whoever has the token. */
export async function startApiServer(
  backend: Backend & { token: string; version: string },
): Promise<ApiServer> {
  const server = createServer((request, response) => {
    answer(request, response, backend).catch((error: unknown) => {
      const failure =
        error instanceof StatusError ? error : new StatusError(500, 'InternalError', messageOf(error));
      if (response.headersSent) response.destroy();
      else sendJson(response, failure.status, JSON.stringify(statusOf(failure)));
    });
  });
  // A kept connection must not be closed under a client that is about to use it.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  backend: Backend & { token: string; version: string },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (['/healthz', '/livez', '/readyz'].includes(url.pathname)) {
    response.end('ok');
    return;
  }
  if (!allowed(request, url, backend.token)) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  const discovered = request.method === 'GET' ? discover(url.pathname, backend.version) : undefined;
  if (discovered !== undefined) return sendJson(response, 200, JSON.stringify(discovered));
  if (
    url.pathname === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' &&
    request.method === 'POST'
  ) {
    return sendJson(response, 201, JSON.stringify(await reviewed(request)));
  }
  const resource = resourceRequest(url);
  if (!resource)
    throw new StatusError(
      404,
      'NotFound',
      `the server could not find the requested resource (${url.pathname})`,
    );
  await serveResource(request, response, resource, backend);
}

/**
 * By the bearer token, or, where no header is sent, by the same token as the first part of the path, which is taken
 * off: kubectl sends no token over plain http.
 */
function allowed(request: IncomingMessage, url: URL, token: string): boolean {
  const { authorization } = request.headers;
  const [, first = '', rest = ''] = /^\/([^/]*)(\/.*)?$/.exec(url.pathname) ?? [];
  const inPath = equal(first, token);
  if (inPath) url.pathname = rest || '/';
  return authorization === undefined ? inPath : equal(authorization, `Bearer ${token}`);
}

function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A kubeconfig for one cluster, as JSON (which is YAML too). */
export function kubeconfigFor(url: string, token: string, name: string): string {
  const named = { name };
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      // The client library speaks plain http only when told not to verify TLS; there is none on loopback.
      clusters: [{ ...named, cluster: { server: `${url}/${token}`, 'insecure-skip-tls-verify': true } }],
      users: [{ ...named, user: { token } }],
      contexts: [{ ...named, context: { cluster: name, user: name } }],
      'current-context': name,
    },
    undefined,
    2,
  );
}
