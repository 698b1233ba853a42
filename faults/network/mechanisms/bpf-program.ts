/** Classic-BPF programs over an Ethernet frame that answer with a verdict of tc: `code jt jf k`, as tc reads them. */
import type { Match } from '../lanes.ts';

interface Insn {
  code: number;
  k: number;
}

/** Loads a value and goes on where the test holds; else the frame passes. */
interface Condition {
  load: Insn[];
  test: 'equal' | 'above' | 'below';
  k: number;
}

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_HALF_INDEXED = 0x48;
const LOAD_BYTE_INDEXED = 0x50;
/** X = four times the low half of the byte at k: the length of an IP header. */
const LOAD_IP_HEADER_LENGTH = 0xb1;
const SUBTRACT = 0x14;
const JUMP_EQUAL = 0x15;
const JUMP_ABOVE = 0x25;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;
/** SKF_AD_OFF + SKF_AD_RANDOM: a random number of 32 bits. */
const RANDOM = 0xffff_f038;

const ETHERNET = 14;
const TC_ACT_OK = 0;
const TC_ACT_SHOT = 2;

const isIp: Condition = { load: [{ code: LOAD_HALF, k: 12 }], test: 'equal', k: 0x0800 };

/** What is dropped: a share of what matches and, where `maxBytes` is above 0, is longer than that. */
export interface DropSpec {
  match: Match;
  tunnelPort: number;
  /** Percent. */
  share: number;
  /** Length of the IP datagram. */
  maxBytes: number;
}

export function dropProgram({ match, maxBytes, share, tunnelPort }: DropSpec): string {
  return assemble([
    ...(match === 'all' ? [] : toTunnel(tunnelPort)),
    ...(match === 'handshake' ? [handshake] : []),
    ...(maxBytes > 0 ? [isIp, longerThan(maxBytes)] : []),
    ...(share < 100 ? [byChance(share)] : []),
  ]);
}

const toTunnel = (port: number): Condition[] => [
  isIp,
  { load: [{ code: LOAD_BYTE, k: ETHERNET + 9 }], test: 'equal', k: 17 },
  {
    load: [
      { code: LOAD_IP_HEADER_LENGTH, k: ETHERNET },
      { code: LOAD_HALF_INDEXED, k: ETHERNET + 2 },
    ],
    test: 'equal',
    k: port,
  },
];

/** The types 1 and 2, less 1, are below 2; X still holds the length of the IP header. */
const handshake: Condition = {
  load: [
    { code: LOAD_BYTE_INDEXED, k: ETHERNET + 8 },
    { code: SUBTRACT, k: 1 },
  ],
  test: 'below',
  k: 2,
};

const longerThan = (bytes: number): Condition => ({
  load: [{ code: LOAD_HALF, k: ETHERNET + 2 }],
  test: 'above',
  k: bytes,
});

const byChance = (percent: number): Condition => ({
  load: [{ code: LOAD_WORD, k: RANDOM }],
  test: 'below',
  k: Math.round((percent / 100) * 2 ** 32),
});

function assemble(conditions: readonly Condition[]): string {
  const length = conditions.reduce((sum, { load }) => sum + load.length + 1, 0);
  const lines: string[] = [];
  for (const { k, load, test } of conditions) {
    for (const insn of load) lines.push(`${insn.code} 0 0 ${insn.k}`);
    // Jumps are counted from the next instruction; the one that lets pass is behind the one that drops.
    const pass = length - lines.length;
    if (test === 'equal') lines.push(`${JUMP_EQUAL} 0 ${pass} ${k}`);
    if (test === 'above') lines.push(`${JUMP_ABOVE} 0 ${pass} ${k}`);
    if (test === 'below') lines.push(`${JUMP_AT_LEAST} ${pass} 0 ${k}`);
  }
  lines.push(`${RETURN} 0 0 ${TC_ACT_SHOT}`, `${RETURN} 0 0 ${TC_ACT_OK}`);
  return `${lines.length},${lines.join(',')}`;
}
