import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { freePort } from './free-port.ts';

/** Linux gives out none below this by itself; others begin higher. */
const LOWEST_GIVEN_OUT = 32_768;

describe('a free port', () => {
  it('is no other’s, whoever else asks for one here or is given any by the system', async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, freePort));
    expect(new Set(ports).size).to.equal(200);
    expect(Math.max(...ports)).to.be.below(LOWEST_GIVEN_OUT);
  });

  it('can be listened on, by TCP and by UDP', async () => {
    const port = await freePort();
    const tcp = createServer().listen(port, '127.0.0.1');
    await once(tcp, 'listening');
    const udp = createSocket('udp4').bind(port, '127.0.0.1');
    await once(udp, 'listening');
    tcp.close();
    udp.close();
  });
});
