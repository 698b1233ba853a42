import { expect } from 'chai';
import fc from 'fast-check';
import { dropProgram } from './bpf-program.ts';

const PORT = 51_820;

/** An IPv4 datagram in an Ethernet frame. */
function frame({ protocol = 17, port = PORT, options = 0, type = 4, bytes = 200 } = {}): Buffer {
  const header = 20 + options * 4;
  const buffer = Buffer.alloc(14 + header + 8 + 1);
  buffer.writeUInt16BE(0x0800, 12);
  buffer.writeUInt8(0x40 + header / 4, 14);
  buffer.writeUInt16BE(bytes, 16);
  buffer.writeUInt8(protocol, 23);
  buffer.writeUInt16BE(port, 14 + header + 2);
  buffer.writeUInt8(type, 14 + header + 8);
  return buffer;
}

/** What the kernel does with a program of these instructions; a load from outside of the frame lets it pass. */
function run(program: string, packet: Buffer, random = 0): 'drop' | 'pass' {
  const insns = program
    .split(',')
    .slice(1)
    .map((line) => line.split(' ').map(Number) as [number, number, number, number]);
  expect(insns).to.have.length(Number(program.split(',')[0]));
  let a = 0;
  let x = 0;
  for (let at = 0; ; at += 1) {
    const [code, jt, jf, k] = insns[at] as (typeof insns)[number];
    if (code === 0x06) return k === 2 ? 'drop' : 'pass';
    if (code === 0x20) a = k === 0xffff_f038 ? random : Number.NaN;
    else if (code === 0x28) a = packet.readUInt16BE(k);
    else if (code === 0x30) a = packet.readUInt8(k);
    else if (code === 0x48) a = packet.readUInt16BE(x + k);
    else if (code === 0x50) a = packet.readUInt8(x + k);
    else if (code === 0xb1) x = 4 * (packet.readUInt8(k) & 0xf);
    else if (code === 0x14) a = (a - k) >>> 0;
    else if (code === 0x15) at += a === k ? jt : jf;
    else if (code === 0x25) at += a > k ? jt : jf;
    else if (code === 0x35) at += a >= k ? jt : jf;
    else expect.fail(`instruction ${code}`);
  }
}

describe('a classic-BPF program that drops', () => {
  const whole = { tunnelPort: PORT, share: 100, maxBytes: 0 };

  it('takes what matches, whatever the options of its IP header', () => {
    const datagram = fc.record({
      protocol: fc.constantFrom(6, 17),
      port: fc.constantFrom(PORT, PORT + 1),
      options: fc.integer({ min: 0, max: 10 }),
      type: fc.integer({ min: 0, max: 255 }),
      bytes: fc.integer({ min: 20, max: 1_500 }),
    });
    fc.assert(
      fc.property(
        datagram,
        fc.constantFrom('all', 'tunnel', 'handshake'),
        fc.constantFrom(0, 600),
        (facts, match, maxBytes) => {
          const isTunnel = facts.protocol === 17 && facts.port === PORT;
          const matches =
            match === 'all' || (isTunnel && (match === 'tunnel' || facts.type === 1 || facts.type === 2));
          const dropped = matches && (maxBytes === 0 || facts.bytes > maxBytes);
          const program = dropProgram({ ...whole, match, maxBytes });
          expect(run(program, frame(facts))).to.equal(dropped ? 'drop' : 'pass');
        },
      ),
    );
  });

  it('leaves other protocols alone, but for all', () => {
    const arp = Buffer.alloc(60);
    arp.writeUInt16BE(0x0806, 12);
    expect(run(dropProgram({ ...whole, match: 'all' }), arp)).to.equal('drop');
    expect(run(dropProgram({ ...whole, match: 'tunnel' }), arp)).to.equal('pass');
    expect(run(dropProgram({ ...whole, match: 'all', maxBytes: 28 }), arp)).to.equal('pass');
  });

  it('takes the share that is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), fc.nat(0xffff_ffff), (share, random) => {
        const program = dropProgram({ ...whole, match: 'tunnel', share });
        const below = random < Math.round((share / 100) * 2 ** 32);
        expect(run(program, frame(), random)).to.equal(below ? 'drop' : 'pass');
      }),
    );
  });
});
