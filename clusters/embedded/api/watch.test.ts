import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { createStore } from '../memory-store.ts';
import { type ApiServer, startApiServer } from './server.ts';

describe('a watch of the embedded API server', () => {
  const store = createStore(systemClock);
  let server: ApiServer;

  before(async () => {
    store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    const backend = { store, clock: systemClock, kubelet: () => undefined };
    server = await startApiServer({ ...backend, token: 'token', version: 'v1.34.4' });
  });

  after(() => server.close());

  const change = (name: string, bytes: number) =>
    store.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'n' },
      data: { text: 'x'.repeat(bytes) },
    });

  it('whose time is over tells no more, also where its client has not read what it told before', async () => {
    // More than the sockets hold.
    for (let at = 0; at < 16; at += 1) change(`before-${at}`, 1_000_000);
    const path = '/token/api/v1/namespaces/n/configmaps?watch=true&timeoutSeconds=1';
    const [response] = (await once(get(`${server.url}${path}`), 'response')) as [IncomingMessage];
    const started = systemClock.mono();
    await waitFor(() => systemClock.mono() - started > 1_500, {
      what: 'the end of its time',
      deadlineMs: 5_000,
    });
    change('after', 1);
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await once(response, 'end');
    const names = text.match(/"name":"(before-\d+|after)"/g);
    expect(names).to.deep.equal(Array.from({ length: 16 }, (_, at) => `"name":"before-${at}"`));
  });
});
