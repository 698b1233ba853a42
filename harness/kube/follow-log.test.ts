import { Agent, createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { waitFor } from '../clock/wait-for.ts';
import type { Kube } from './client.ts';
import { followLog } from './follow-log.ts';

/** An API server that has one log, of an attempt and of the one before. */
class Logs {
  current: string[] | undefined;
  previous: string[] | undefined;
  followers: ServerResponse[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(({ url }, response) => {
      const query = new URL(url ?? '', 'http://x').searchParams;
      const lines = query.get('previous') === 'true' ? this.previous : this.current;
      if (!lines) return response.writeHead(400).end('waiting to start');
      response.writeHead(200);
      response.flushHeaders();
      for (const line of lines) response.write(`${line}\n`);
      if (query.get('follow') === 'true') this.followers.push(response);
      else response.end();
    });
  }

  async open(): Promise<Kube> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = { getCurrentCluster: () => ({ server }), applyToHTTPSOptions: async () => undefined };
    return { config, agent: new Agent() } as unknown as Kube;
  }

  /** Says a line to whoever follows. */
  say(line: string): void {
    this.current?.push(line);
    for (const follower of this.followers) follower.write(`${line}\n`);
  }

  cut(): void {
    for (const follower of this.followers.splice(0)) follower.destroy();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('following a log', () => {
  let logs: Logs;
  let kube: Kube;
  let seen: string[];
  beforeEach(async () => {
    logs = new Logs();
    kube = await logs.open();
    seen = [];
  });
  afterEach(() => logs.close());

  const start = () =>
    followLog({
      kube,
      namespace: 'n',
      pod: 'p',
      container: 'c',
      onLine: (line) => seen.push(line),
      clock: systemClock,
      retryMs: 5,
    });
  const until = (line: string) =>
    waitFor(() => seen.includes(line), { what: line, deadlineMs: 5_000, intervalMs: 5 });

  it('waits for a container that has not started, and then takes its lines as they come', async () => {
    const follower = start();
    logs.current = ['one'];
    await until('one');
    logs.say('two');
    await until('two');
    logs.current.push('three, said to nobody');
    await follower.stop();
    expect(seen).to.include('three, said to nobody');
  });

  it('reads on after a cut stream, and what the attempt before had to say', async () => {
    logs.current = ['one'];
    const follower = start();
    await until('one');
    logs.previous = ['one', 'last words'];
    logs.current = ['again'];
    logs.cut();
    await until('last words');
    await until('again');
    await follower.stop();
  });
});
