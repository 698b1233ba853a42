import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { systemClock } from '../../../harness/clock/clock.ts';
import { tryRun } from '../../../harness/exec/exec.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import { DEVICE_PLUGINS, POD_RESOURCES } from '../../container-nodes/folders.ts';
import { type Place, proxyPod } from './place.ts';
import { PodSite } from './site.ts';

const TOKEN = 'a-token-that-nobody-is-to-read';

describe('a proxy on a node that is someone’s', function () {
  this.timeout(60_000);
  let folder: string;
  let place: Place;

  const commandsAt = (server: string) => {
    const named = (entry: object) => [{ name: 'c', ...entry }];
    writeFileSync(
      place.kubeconfig,
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: named({ cluster: { server, 'insecure-skip-tls-verify': true } }),
        users: named({ user: { token: TOKEN } }),
        contexts: named({ context: { cluster: 'c', user: 'c' } }),
      }),
    );
    const { signal } = new AbortController();
    return new PodSite({ place, kube: {} as Kube, clock: systemClock, signal }).commands('vendor.sock');
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'site-'));
    place = {
      ...{
        context: 'c',
        kubeconfig: join(folder, 'kubeconfig'),
        uid: 'u',
        run: 'r',
        namespace: 'ordeal-r-proxy-0',
      },
      ...{ node: 'w', image: 'image', deadlineSeconds: 60, resource: 'nvidia.com/gpu' },
    };
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is by a pod that ends, without a token, privileges or more of the node than two folders', () => {
    const { spec } = proxyPod(place);
    expect(spec).to.include({
      activeDeadlineSeconds: 60,
      automountServiceAccountToken: false,
      hostPID: false,
    });
    expect(spec?.volumes?.flatMap(({ hostPath }) => hostPath?.path ?? [])).to.have.members([
      DEVICE_PLUGINS,
      POD_RESOURCES,
    ]);
    expect(spec?.containers[0]?.securityContext).to.equal(undefined);
  });

  it('is neither there nor gone where the API server is away, and that is said', async () => {
    const { giveBack, look } = commandsAt('http://127.0.0.1:1');
    for (const command of [look, giveBack]) {
      const { exitCode, stderr, stdout } = await tryRun(command, { env: { ORDEAL_DEBUG: '' } });
      expect(exitCode).to.equal(4);
      expect(stdout).to.equal('');
      expect(stderr)
        .to.contain('reaching http://127.0.0.1:1 by the context c')
        .and.to.contain('ECONNREFUSED');
      expect(stderr).to.not.contain(TOKEN);
    }
  });

  it('is gone with its cluster', async () => {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      const body = request.url?.startsWith('/version')
        ? { gitVersion: 'v1' }
        : { metadata: { uid: 'another' } };
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { look } = commandsAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      expect(await tryRun(look)).to.include({ exitCode: 0, stdout: '' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
