import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect, type Kube } from './client.ts';

const CALL_MS = 7_000;

describe('an API server that is cut off', function () {
  this.timeout(60_000);
  let hangs = false;
  let folder: string;
  let server: Server;
  let kube: Kube;

  beforeEach(async () => {
    hangs = false;
    server = createServer((request, response) => {
      if (hangs) return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(request.url === '/version' ? '{"gitVersion":"v1"}' : '{"items":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    folder = mkdtempSync(join(tmpdir(), 'client-test-'));
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
    kube = await connect(path, undefined, CALL_MS);
  });

  afterEach(() => {
    kube.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const cutOff = async () => {
    const from = performance.now();
    expect(await kube.core.listNode().catch((error: Error) => error.name)).to.equal('AbortError');
    return performance.now() - from;
  };

  it('is not waited for: a call that is not answered fails, and another is answered again', async () => {
    hangs = true;
    await cutOff();
    hangs = false;
    expect((await kube.core.listNode()).items).to.deep.equal([]);
  });

  it('is not waited for by each call anew', async () => {
    hangs = true;
    // The second gets what the first has left of the time of both, whatever else the machine did meanwhile.
    const from = performance.now();
    expect(await cutOff()).to.be.above(CALL_MS - 100);
    await cutOff();
    expect(performance.now() - from).to.be.above(2 * CALL_MS - 100);
    expect(await cutOff()).to.be.below(CALL_MS - 100);
  });
});
