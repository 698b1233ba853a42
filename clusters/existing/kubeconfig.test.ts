import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { OrdealError } from '../../harness/errors/error.ts';
import { connectTo, findContext } from './kubeconfig.ts';

const SECRET = 'planted-5ecret';

function kubeconfig(name: string, server = `https://user:${SECRET}@a.example:6443/${SECRET}`) {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: { token: SECRET } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}

describe('contexts of kubeconfigs', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubeconfig-test-'));
    path = join(folder, 'config');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are found in the file named, and of their server only where it is', () => {
    writeFileSync(path, kubeconfig('mine'));
    expect(findContext('mine', path, {})).to.deep.equal({
      name: 'mine',
      kubeconfig: path,
      server: 'https://a.example:6443',
    });
  });

  it('are found in whichever file of KUBECONFIG has them', () => {
    const second = join(folder, 'second');
    writeFileSync(path, kubeconfig('mine'));
    writeFileSync(second, kubeconfig('theirs'));
    expect(findContext('theirs', undefined, { KUBECONFIG: `${path}:${second}` }).kubeconfig).to.equal(second);
  });

  it('of another name: exit 3, with the names that there are', () => {
    writeFileSync(path, kubeconfig('mine'));
    expect(() => findContext('yours', path, {}))
      .to.throw(OrdealError)
      .that.includes({ code: 'CONTEXT_UNKNOWN', exit: 3, seen: 'there are mine' });
  });

  it('of a file that is none: exit 3, whatever is in it, and nothing of that in the message', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        writeFileSync(path, `${text}\n: [${SECRET}`);
        try {
          findContext('mine', path, {});
          expect.fail('a context was found');
        } catch (error) {
          expect(error).to.be.instanceOf(OrdealError).and.to.include({ exit: 3 });
          expect((error as OrdealError).format()).to.not.contain(SECRET);
        }
      }),
      { numRuns: 60 },
    );
  });

  for (const [what, status] of [
    ['refuses', 401],
    ['is not there', undefined],
  ] as const) {
    it(`of a server that ${what}: exit 4, and no secret in the message`, async () => {
      const server = createServer((_request, response) => {
        response.writeHead(status ?? 500).end(SECRET);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      if (status === undefined) server.close();
      writeFileSync(path, kubeconfig('mine', `http://127.0.0.1:${port}/${SECRET}`));
      const error = await connectTo(findContext('mine', path, {})).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      server.close();
      server.closeAllConnections();
      expect(error).to.be.instanceOf(OrdealError).and.to.include({ code: 'CLUSTER_UNREACHABLE', exit: 4 });
      expect((error as OrdealError).format()).to.not.contain(SECRET);
      expect((error as OrdealError).seen).to.contain(status ?? 'ECONNREFUSED');
    });
  }
});
