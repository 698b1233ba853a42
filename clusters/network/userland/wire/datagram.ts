/**
 * A datagram of a link, as it is on the wire between an end and the relay, in the payload of a real UDP datagram:
 *
 *   0     whose traffic it is: the tunnel's or the host's own; stands for addresses and ports
 *   1     1 where the sender left the checksum to its NIC; out of band in a real NIC's descriptor
 *   2–3   checksum as UDP's: ones' complement over pseudo-header and payload
 *   4–    payload
 */
export type Traffic = 'tunnel' | 'host';

const HEADER_BYTES = 4;
const CODES: Record<Traffic, number> = { tunnel: 1, host: 2 };
const LEFT_TO_NIC = 1;
const UDP = 17;

/** Ones' complement sum, folded to 16 bits. */
function sum(bytes: Uint8Array, from: number, start: number): number {
  let total = start;
  for (let at = from; at < bytes.length; at += 2)
    total += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** What a sender with TX offload knows of the sum: protocol, ports and length, and nothing of the payload. */
function pseudoSum(datagram: Uint8Array): number {
  return UDP + (datagram[0] as number) + datagram.length;
}

/** Makes a datagram; with `offload` its checksum is only half made, and the NIC has to finish it. */
export function wrap(traffic: Traffic, payload: Buffer, offload: boolean): Buffer {
  const datagram = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  datagram[0] = CODES[traffic];
  datagram[1] = offload ? LEFT_TO_NIC : 0;
  payload.copy(datagram, HEADER_BYTES);
  datagram.writeUInt16BE(pseudoSum(datagram), 2);
  if (!offload) finishChecksum(datagram);
  return datagram;
}

export function isLeftToNic(datagram: Buffer): boolean {
  return datagram[1] === LEFT_TO_NIC;
}

/** What a NIC's checksum engine does, in place: sums from the half-made field on, and stores the complement. */
export function finishChecksum(datagram: Buffer): void {
  datagram.writeUInt16BE(~sum(datagram, 2, 0) & 0xffff, 2);
  datagram[1] = 0;
}

/** The traffic and the payload; undefined for what is no datagram of a link, `mismatch` where the checksum is wrong. */
export function unwrap(datagram: Buffer): { traffic: Traffic; payload: Buffer } | 'mismatch' | undefined {
  const traffic = trafficOf(datagram);
  if (!traffic) return undefined;
  if (sum(datagram, 2, pseudoSum(datagram)) !== 0xffff) return 'mismatch';
  return { traffic, payload: datagram.subarray(HEADER_BYTES) };
}

export function trafficOf(datagram: Buffer): Traffic | undefined {
  if (datagram.length < HEADER_BYTES) return undefined;
  if (datagram[0] === CODES.tunnel) return 'tunnel';
  return datagram[0] === CODES.host ? 'host' : undefined;
}

/** First byte of the payload: in the tunnel's traffic its message type. */
export function messageTypeOf(datagram: Buffer): number | undefined {
  return datagram[HEADER_BYTES];
}

/** Flips one bit of checksum or payload, in place: `at` in [0, 1) says which. */
export function flipBit(datagram: Buffer, at: number): void {
  const bit = 16 + Math.floor(at * (datagram.length * 8 - 16));
  const byte = bit >> 3;
  datagram[byte] = (datagram[byte] as number) ^ (1 << (bit & 7));
}
