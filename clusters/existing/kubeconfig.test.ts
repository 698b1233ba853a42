import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
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

  it('of a file in which anything is something else: found, or exit 3, and no secret in the message', () => {
    const sound = parse(kubeconfig('mine'));
    const paths = pathsIn(sound);
    const junk = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('\0', '__proto__', '..', 'file:///etc/passwd', 'https://', 'http://[::1', -1, [], {}),
    );
    const changes = fc.array(fc.tuple(fc.constantFrom(...paths), junk), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, (changed) => {
        writeFileSync(
          path,
          stringify(changed.reduce((config, [at, value]) => put(config, at, value), sound)),
        );
        try {
          const { server } = findContext('mine', path, {});
          expect(server).to.equal(new URL(server).origin);
        } catch (error) {
          expect(error, String((error as Error).stack)).to.be.instanceOf(OrdealError);
          expect(error).to.include({ exit: 3 });
          expect((error as OrdealError).format())
            .to.contain(path)
            .and.not.contain(SECRET);
        }
      }),
      { numRuns: 500 },
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
      // A port that was closed may be somebody else's by now; nobody serves the first one.
      const port = status === undefined ? 1 : (server.address() as AddressInfo).port;
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

type Step = string | number;

/** Every place in a value, itself last. */
function pathsIn(value: unknown, at: Step[] = []): Step[][] {
  const within = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const deeper = within.flatMap(([key, inner]) => pathsIn(inner, [...at, Array.isArray(value) ? +key : key]));
  return [...deeper, at];
}

/** The same with something else there, where there still is such a place. */
function put(value: unknown, [step, ...more]: Step[], wanted: unknown): unknown {
  if (step === undefined) return wanted;
  if (Array.isArray(value))
    return value.map((each, index) => (index === step ? put(each, more, wanted) : each));
  if (typeof value !== 'object' || value === null) return value;
  return { ...value, [step]: put((value as Record<Step, unknown>)[step], more, wanted) };
}
