/** What a packet inside a tunnel, or on the host's path, carries: a segment of a stream, or a datagram. */
const STREAM = 6;
const DATAGRAM = 17;
const SEGMENT_HEADER = 22;
const DATAGRAM_HEADER = 3;

const SYN = 1;
const ACK = 2;
const FIN = 4;
const RST = 8;

/**
 * Numbers count a stream's bytes from its SYN, which is 0, and never wrap: they have six bytes. The window is in bytes
 * from `ack` on.
 */
export interface Segment {
  seq: number;
  /** The next byte that is expected; undefined in the first segment. */
  ack: number | undefined;
  window: number;
  syn: boolean;
  fin: boolean;
  rst: boolean;
  data: Buffer;
}

export type Packet =
  | { kind: 'segment'; stream: number; segment: Segment }
  /** `flow`: the client's port at the edge. */
  | { kind: 'datagram'; flow: number; data: Buffer };

/** What answers a segment of a stream that nobody knows. */
export function resetOf(segment: Segment): Segment {
  return {
    seq: segment.ack ?? 0,
    ack: undefined,
    window: 0,
    syn: false,
    fin: false,
    rst: true,
    data: Buffer.alloc(0),
  };
}

export function encodeSegment(stream: number, segment: Segment): Buffer {
  const packet = Buffer.allocUnsafe(SEGMENT_HEADER + segment.data.length);
  packet[0] = STREAM;
  packet.writeUInt32BE(stream, 1);
  packet[5] =
    (segment.syn ? SYN : 0) |
    (segment.ack === undefined ? 0 : ACK) |
    (segment.fin ? FIN : 0) |
    (segment.rst ? RST : 0);
  packet.writeUIntBE(segment.seq, 6, 6);
  packet.writeUIntBE(segment.ack ?? 0, 12, 6);
  packet.writeUInt32BE(segment.window, 18);
  segment.data.copy(packet, SEGMENT_HEADER);
  return packet;
}

export function encodeDatagram(flow: number, data: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(DATAGRAM_HEADER + data.length);
  packet[0] = DATAGRAM;
  packet.writeUInt16BE(flow, 1);
  data.copy(packet, DATAGRAM_HEADER);
  return packet;
}

/** Undefined for what is neither. */
export function decode(packet: Buffer): Packet | undefined {
  if (packet[0] === DATAGRAM && packet.length >= DATAGRAM_HEADER)
    return { kind: 'datagram', flow: packet.readUInt16BE(1), data: packet.subarray(DATAGRAM_HEADER) };
  if (packet[0] !== STREAM || packet.length < SEGMENT_HEADER) return undefined;
  const flags = packet[5] as number;
  return {
    kind: 'segment',
    stream: packet.readUInt32BE(1),
    segment: {
      seq: packet.readUIntBE(6, 6),
      ack: flags & ACK ? packet.readUIntBE(12, 6) : undefined,
      window: packet.readUInt32BE(18),
      syn: (flags & SYN) !== 0,
      fin: (flags & FIN) !== 0,
      rst: (flags & RST) !== 0,
      data: packet.subarray(SEGMENT_HEADER),
    },
  };
}
