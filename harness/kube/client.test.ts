import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect } from './client.ts';

describe('an API server that is cut off', () => {
  it('is not waited for: a call that is not answered fails, and another is answered again', async () => {
    let hangs = false;
    const server = createServer((request, response) => {
      if (hangs) return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(request.url === '/version' ? '{"gitVersion":"v1"}' : '{"items":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'client-test-'));
    try {
      const { port } = server.address() as AddressInfo;
      const path = join(folder, 'config');
      const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
      const context = { cluster: 'a', user: 'a' };
      writeFileSync(
        path,
        JSON.stringify({
          ...{ clusters: [{ name: 'a', cluster }], users: [{ name: 'a', user: {} }] },
          ...{ contexts: [{ name: 'a', context }], 'current-context': 'a' },
        }),
      );
      const kube = await connect(path, undefined, 2_000);
      hangs = true;
      const outcome = await kube.core.listNode().catch((error: Error) => error.name);
      expect(outcome).to.equal('AbortError');
      hangs = false;
      expect((await kube.core.listNode()).items).to.deep.equal([]);
      kube.close();
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
