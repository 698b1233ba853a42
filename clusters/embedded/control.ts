import { createServer, request } from 'node:http';
import { messageOf } from '../../harness/errors/error.ts';

/** Orders to the process of an embedded cluster, over a socket in its folder. */
export interface ControlHandlers {
  /** @throws Error where there is no such node. */
  restartKubelet(node: string): Promise<void>;
  /** Answered first, done after. */
  stop(): void;
}

export async function serveControl(socket: string, handlers: ControlHandlers): Promise<() => void> {
  const server = createServer((incoming, response) => {
    const [, verb, node] = (incoming.url ?? '').split('/');
    const answer = (code: number, text: string) => response.writeHead(code).end(text);
    if (verb === 'alive') answer(200, 'ok');
    else if (verb === 'stop') {
      response.on('finish', () => handlers.stop());
      answer(200, 'ok');
    } else if (verb === 'restart-kubelet' && node) {
      handlers.restartKubelet(node).then(
        () => answer(200, 'ok'),
        (error: unknown) => answer(500, messageOf(error)),
      );
    } else answer(404, `no such order: ${incoming.url}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** Gives an order: `alive`, `stop`, `restart-kubelet/<node>`. @throws Error with the answer, or with why there was none. */
export function order(socket: string, path: string, timeoutMs = 10_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: socket, path: `/${path}`, method: 'POST', timeout: timeoutMs },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(text))));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}

/** Whether a cluster's process answers. */
export function answers(socket: string): Promise<boolean> {
  return order(socket, 'alive', 2_000).then(
    () => true,
    () => false,
  );
}
