/** Orders to a process of this project, over a unix socket in a folder of its own. */
import { createServer, request } from 'node:http';
import { messageOf } from '../harness/errors/error.ts';

interface Answer {
  text?: string;
  /** Done when the answer is on its way. */
  after?: () => void;
}

/**
 * Serves orders, each a few words; `handle` returns undefined for one that it does not know, and what it throws is
 * answered as a failure. Returns what ends it.
 */
export async function serveOrders(
  socket: string,
  handle: (words: readonly string[]) => Answer | undefined | Promise<Answer | undefined>,
): Promise<() => void> {
  const server = createServer(async (incoming, response) => {
    const words = (incoming.url ?? '').split('/').slice(1);
    try {
      const answer = await handle(words);
      if (answer?.after) response.on('finish', answer.after);
      if (answer) response.writeHead(200).end(answer.text ?? 'ok');
      else response.writeHead(404).end(`no such order: ${words.join(' ')}`);
    } catch (error) {
      response.writeHead(500).end(messageOf(error));
    }
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

/** Gives an order, its words divided by `/`; the answer. @throws Error with the failure, or with why there was no answer. */
export function order(socket: string, words: string, timeoutMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      // A connection each: one that was kept may be closed just as it is used again.
      { socketPath: socket, path: `/${words}`, method: 'POST', timeout: timeoutMs, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('error', reject);
        response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}
