import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** What the socket of a proxy begins with, in the kubelet’s folder. */
export const OWN_SOCKET = 'ordeal-px-';

/** Short and without a slash, for a file’s name: sockets lie in folders of long names. */
function slug(resource: string): string {
  return createHash('sha256').update(resource).digest('hex').slice(0, 6);
}

/** The file name of the socket of the proxy for a resource. */
export function ownEndpoint(resource: string): string {
  return `${OWN_SOCKET}${slug(resource)}.sock`;
}

/** Files of the proxy for one resource of one node below the node’s state folder (`/var/lib/ordeal` on the node). */
export function proxyFiles(stateDir: string, resource: string) {
  const root = join(stateDir, 'plugin-proxy', slug(resource));
  return {
    root,
    program: join(root, 'plugin-proxy.mjs'),
    /** `Front` as JSON: there from before the proxy registers until the vendor’s plugin is seen to serve again. */
    front: join(root, 'front.json'),
    /** Append-only JSON lines, one ProxyLine each. */
    log: join(root, 'log.jsonl'),
    /** Standard error of the keeper and the proxy. */
    errors: join(root, 'errors.log'),
    /** Where an attendant is asked. */
    talk: join(root, 'talk.sock'),
  };
}
