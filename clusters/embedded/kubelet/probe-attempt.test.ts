import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../../../harness/clock/clock.ts';
import { ManualClock } from '../../../harness/clock/testing/manual-clock.ts';
import type { ProbeSpec } from '../pod.ts';
import { attemptProbe, type ProbeTarget } from './probe-attempt.ts';

describe('one attempt of a probe', () => {
  const servers: Server[] = [];
  const listening = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const site = async (answer: (url: string) => { code: number; location?: string }) =>
    await listening(
      createHttp((request, response) => {
        const { code, location } = answer(`${request.headers.host} ${request.url}`);
        response.writeHead(code, location ? { location } : {}).end();
      }),
    );
  const probe = (handler: Partial<ProbeSpec>): ProbeSpec => ({
    periodSeconds: 1,
    timeoutSeconds: 5,
    successThreshold: 1,
    failureThreshold: 1,
    ...handler,
  });
  const target = (more: Partial<ProbeTarget> = {}): ProbeTarget => ({
    clock: systemClock,
    address: '127.0.0.1',
    ports: [],
    exec: async () => ({ exitCode: 0, output: '' }),
    ...more,
  });
  const web = (port: number | string, path = '/') =>
    probe({ httpGet: { path, port, scheme: 'HTTP' as const } });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it('tcpSocket: connects, by the name of a port too, or says who refused', async () => {
    const port = await listening(createServer((socket) => socket.destroy()));
    const ports = [{ name: 'mqtt', containerPort: port }];
    expect((await attemptProbe(probe({ tcpSocket: { port } }), target())).ok).to.equal(true);
    const named = probe({ tcpSocket: { port: 'mqtt' } });
    expect((await attemptProbe(named, target({ ports }))).ok).to.equal(true);
    servers.splice(0).map((server) => server.close());
    expect(await attemptProbe(named, target({ ports }))).to.deep.equal({
      ok: false,
      output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  it('a port that the container does not name makes it an error, not a failure', async () => {
    const failure = await attemptProbe(web('nowhere'), target()).catch((error: Error) => error.message);
    expect(failure).to.equal("couldn't find port: nowhere");
  });

  it('httpGet: 200 to 399 is success, anything else a failure with its status', async () => {
    const port = await site((url) => ({ code: Number(url.slice(-3)) }));
    const codes = ['200', '204', '304', '399', '400', '404', '503'];
    const outcomes = await Promise.all(codes.map((code) => attemptProbe(web(port, `/${code}`), target())));
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, true, true, true, false, false, false]);
    expect(outcomes.at(-1)?.output).to.equal('HTTP probe failed with statuscode: 503');
  });

  it('httpGet: a redirect is followed on the host, counts as success to another, and does not go round', async () => {
    const port = await site((url) => {
      if (url.endsWith('/moved')) return { code: 302, location: '/gone' };
      if (url.endsWith('/away')) return { code: 302, location: 'http://ordeal.invalid/' };
      return url.endsWith('/round') ? { code: 302, location: '/round' } : { code: 404 };
    });
    const outcome = async (path: string) => (await attemptProbe(web(port, path), target())).output;
    expect(await outcome('/moved')).to.equal('HTTP probe failed with statuscode: 404');
    expect(await outcome('/away')).to.equal('');
    expect(await outcome('/round')).to.contain('stopped after 10 redirects');
  });

  it('httpGet: the headers given, Host among them', async () => {
    const hosts: string[] = [];
    const port = await site((url) => ({ code: hosts.push(url) && 200 }));
    const httpGet = { port, path: '/x?y=1', scheme: 'HTTP' as const };
    const headers = { httpHeaders: [{ name: 'Host', value: 'plant' }] };
    await attemptProbe(probe({ httpGet: { ...httpGet, ...headers } }), target());
    expect(hosts).to.deep.equal(['plant /x?y=1']);
  });

  it('exec: the exit code decides; what it says is told; its time is limited', async () => {
    const clock = new ManualClock();
    let killed = false;
    const exec: ProbeTarget['exec'] = async ([command], signal) => {
      if (command === 'false') return { exitCode: 1, output: 'no' };
      return await new Promise(() => signal.addEventListener('abort', () => (killed = true)));
    };
    const failed = await attemptProbe(probe({ exec: { command: ['false'] } }), target({ exec }));
    expect(failed).to.deep.equal({ ok: false, output: 'no' });
    const slow = attemptProbe(probe({ exec: { command: ['sleep', '9'] } }), target({ clock, exec }));
    await clock.advance(5_000);
    expect(await slow).to.deep.equal({
      ok: false,
      output: 'command timed out: "sleep 9" timed out after 5s',
    });
    expect(killed).to.equal(true);
  });
});
