import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A listener where a Pushgateway would be; by run, the text that was pushed of it. */
export async function pushTarget(): Promise<{ url: string; runs: Map<string, string>; close(): void }> {
  const runs = new Map<string, string>();
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const [, run] = /^\/metrics\/job\/ordeal\/run\/([^/]+)$/.exec(request.url ?? '') ?? [];
      if (run !== undefined) runs.set(run, text);
      response.writeHead(run === undefined ? 404 : 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, runs, close: () => server.close() };
}
