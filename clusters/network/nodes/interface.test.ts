import { expect } from 'chai';
import fc from 'fast-check';
import { addressCommands, interfaceIn, ipv4Of, otherMac } from './interface.ts';

const LINK = JSON.stringify([
  {
    ifindex: 7,
    ifname: 'eth0',
    address: '02:42:ac:12:00:03',
    mtu: 1500,
    addr_info: [
      { family: 'inet', local: '172.18.0.3', prefixlen: 16, broadcast: '172.18.255.255', scope: 'global' },
      { family: 'inet6', local: 'fc00::3', prefixlen: 64, scope: 'global', nodad: true },
      { family: 'inet6', local: 'fe80::42:acff:fe12:3', prefixlen: 64, scope: 'link' },
    ],
  },
]);
const ROUTES = {
  inet: JSON.stringify([
    { dst: 'default', gateway: '172.18.0.1', flags: [] },
    { dst: '10.244.1.0/24', gateway: '172.18.0.2', protocol: 'static', metric: 5, flags: ['onlink'] },
    { dst: '192.0.2.0/24', scope: 'link', prefsrc: '172.18.0.3', flags: [] },
    { dst: '172.18.0.0/16', protocol: 'kernel', scope: 'link', prefsrc: '172.18.0.3', flags: [] },
  ]),
  inet6: JSON.stringify([{ dst: 'default', gateway: 'fc00::1', metric: 1024, flags: [] }]),
};

describe('an interface as ip tells of it', () => {
  it('is made again by commands, near routes first, without what the kernel makes by itself', () => {
    const found = interfaceIn(LINK, ROUTES);
    expect(found).to.include({ mac: '02:42:ac:12:00:03', mtu: 1500 });
    expect(ipv4Of(found)).to.equal('172.18.0.3');
    expect(addressCommands(found, 'eth0').map((words) => words.join(' '))).to.deep.equal([
      'link set eth0 up',
      'address add 172.18.0.3/16 broadcast 172.18.255.255 scope global dev eth0',
      'address add fc00::3/64 scope global dev eth0 nodad',
      'route add 192.0.2.0/24 dev eth0 scope link src 172.18.0.3',
      'route add 0.0.0.0/0 via 172.18.0.1 dev eth0',
      'route add 10.244.1.0/24 via 172.18.0.2 dev eth0 protocol static metric 5 onlink',
      'route add ::/0 via fc00::1 dev eth0 metric 1024',
    ]);
  });

  it('may have no routes at all, of which ip says nothing', () => {
    expect(interfaceIn(LINK, { inet: '', inet6: '[]' }).routes).to.deep.equal([]);
  });

  it('is refused where ip told of none, or of something else', () => {
    for (const text of ['', '[]', '[{}]', 'Device "eth0" does not exist.']) {
      expect(() => interfaceIn(text, ROUTES), text).to.throw();
    }
  });

  it('gets another MAC, of one machine’s own, that is no group’s', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        // Of a machine’s interface: never a group’s.
        const [first = 0, ...rest] = bytes;
        const mac = [first & 0xfe, ...rest].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
        const other = otherMac(mac);
        expect(other)
          .to.match(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
          .and.not.to.equal(mac);
        expect(Number.parseInt(other.slice(0, 2), 16) & 0x03).to.equal(0x02);
      }),
    );
  });
});
