/** Sends back what it gets, by UDP and by TCP, until its parent is gone. Ready when it has printed its ports as JSON. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { endWithParent } from '../userland/lifeline.ts';
import { LOOPBACK } from '../userland/wire/udp.ts';

const udp = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
udp.on('message', (datagram, { address, port }) => udp.send(datagram, port, address));
const tcp = createServer({ noDelay: true }, (socket) => socket.on('error', () => undefined).pipe(socket));
const listening = [once(udp, 'listening'), once(tcp, 'listening')];
udp.bind(0, LOOPBACK);
tcp.listen(0, LOOPBACK);
await Promise.all(listening);
endWithParent(async () => undefined);
process.stdout.write(
  `${JSON.stringify({ udp: udp.address().port, tcp: (tcp.address() as AddressInfo).port })}\n`,
);
