import { Agent, createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { waitFor } from '../clock/wait-for.ts';
import type { Kube } from './client.ts';
import { type WatchHandle, watchResource } from './watch.ts';

/** An API server of some pods, by their names, that can forget what it said before. */
class Pods {
  names: string[] = ['a'];
  expired = false;
  silent = false;
  unanswered = 0;
  watchers: ServerResponse[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(({ url }, response) => {
      if (this.silent) {
        this.unanswered += 1;
        return response;
      }
      const watching = new URL(url ?? '', 'http://x').searchParams.get('watch') === 'true';
      if (watching && this.expired) {
        this.expired = false;
        return response.writeHead(410).end();
      }
      response.writeHead(200);
      response.flushHeaders();
      if (watching) return this.watchers.push(response);
      const items = this.names.map((name) => ({ metadata: { name, resourceVersion: '1' } }));
      return response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
    });
  }

  async open(): Promise<Kube> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.kube();
  }

  kube(): Kube {
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = { getCurrentCluster: () => ({ server }), applyToHTTPSOptions: async () => undefined };
    return { config, agent: new Agent() } as unknown as Kube;
  }

  cut(): void {
    for (const watcher of this.watchers.splice(0)) watcher.destroy();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('watching a collection', () => {
  let pods: Pods;
  let watch: WatchHandle;
  let seen: string[];
  let troubles: boolean[];

  beforeEach(async () => {
    pods = new Pods();
    seen = [];
    troubles = [];
    watch = watchResource<V1Pod>({
      kube: await pods.open(),
      path: '/api/v1/pods',
      onEvent: (type, { metadata }) => seen.push(`${type} ${metadata?.name}`),
      onTrouble: (_what, missed) => troubles.push(missed),
      reconnectMs: 10,
      clock: systemClock,
      signal: new AbortController().signal,
    });
    await watch.synced;
    await until(() => pods.watchers.length === 1);
  });
  afterEach(async () => {
    await watch.stop();
    pods.close();
  });

  const until = (probe: () => boolean) =>
    waitFor(probe, { what: 'the watch', deadlineMs: 10_000, intervalMs: 5, seen: () => seen.join() });

  it('that is cut goes on from where it was: nothing is missed', async () => {
    pods.cut();
    await until(() => pods.watchers.length === 1);
    expect(troubles).to.deep.equal([false]);
    expect(seen).to.deep.equal(['ADDED a']);
  });

  it('that cannot go on from there says that it may have missed something, and tells what there is now', async () => {
    pods.names = ['b'];
    pods.expired = true;
    pods.cut();
    await until(() => seen.length === 3);
    expect(seen).to.deep.equal(['ADDED a', 'DELETED a', 'ADDED b']);
    expect(troubles).to.deep.equal([false, true]);
  });

  it('whose first list nobody answers is waited for until it is called off, and no longer', async () => {
    pods.silent = true;
    const calledOff = new AbortController();
    const { synced, stop } = watchResource<V1Pod>({
      kube: pods.kube(),
      path: '/api/v1/pods',
      onEvent: () => undefined,
      clock: systemClock,
      signal: calledOff.signal,
    });
    await until(() => pods.unanswered === 1);
    calledOff.abort(new Error('SIGTERM came'));
    const reason = await synced.catch((error: Error) => error.message);
    expect(reason).to.equal('SIGTERM came');
    await stop();
  });
});
