import pLimit from 'p-limit';
import type { OnPayload } from '../edge/workload/cloud/broker.ts';
import type { EdgeLine } from '../edge/workload/ledger.ts';
import { judgedHistory, type Mutant } from './mutant.ts';
import { type Broken, plantBench, plantDay, type Ways } from './plant.ts';

/** They wait far more than they work; many more, and the machine is what is late. */
const atOnce = pLimit(4);

const TAKES_NOTHING_MS = 60_000;

/** Every so many-th message, counted from the first. */
function everyTenth(then: (tell: OnPayload, payload: Buffer) => void): (tell: OnPayload) => OnPayload {
  let count = 0;
  return (tell) => (payload) => {
    count += 1;
    if (count % 10 === 0) then(tell, payload);
    else tell(payload);
  };
}

/** Tells the lines of one program otherwise. */
function ofProgram(
  name: string,
  told: (line: EdgeLine, index: number) => EdgeLine[],
): NonNullable<Broken['lines']> {
  let count = 0;
  return (program, line) => (program === name ? told(line, count++) : [line]);
}

/** From its so many-th line on a program’s clock is off by so much. */
function clockOff(program: string, from: number, byMs: number): NonNullable<Broken['lines']> {
  return ofProgram(program, (line, index) => {
    if (index < from) return [line];
    const off = { ...line, mono: line.mono + byMs };
    if (off.type !== 'probe.run') return [off];
    return [{ ...off, fromMono: off.fromMono + byMs, toMono: off.toMono + byMs }];
  });
}

async function cutByItself({ mqtt, sleep, tunnel }: Ways): Promise<void> {
  tunnel.cut();
  await sleep(2_000);
  tunnel.mend();
  mqtt.mend();
  await sleep(1_500);
}

type Row = [part: string, name: string, refusedBy: string[], broken: Broken];

/** Those of each CI run, by name. */
const QUICK = [
  'acknowledges one message in ten and forgets it',
  'always says ready',
  'goes down by itself',
  'goes by the host’s network in place of the tunnel',
  'hangs as long as the fault is there',
  'writes nothing down',
];

const ROWS: readonly Row[] = [
  [
    'MQTT broker',
    'acknowledges one message in ten and forgets it',
    ['EDGE-2'],
    { broker: everyTenth(() => undefined) },
  ],
  [
    'MQTT broker',
    'cuts one message in ten short',
    ['EDGE-2'],
    { broker: everyTenth((tell, payload) => tell(payload.subarray(0, payload.length / 2))) },
  ],
  [
    'MQTT broker',
    'makes messages up',
    ['EDGE-2 inconclusive'],
    {
      broker: everyTenth((tell, payload) => {
        tell(payload);
        const message = JSON.parse(payload.toString());
        tell(Buffer.from(JSON.stringify({ ...message, session: 'another', seq: message.seq + 100_000 })));
      }),
    },
  ],
  [
    'MQTT broker',
    'ends without its last word',
    ['EDGE-2 inconclusive'],
    { lines: ofProgram('cloud', (line) => (line.type === 'cloud.ended' ? [] : [line])) },
  ],
  ['MQTT client', 'keeps nothing while it has no connection', ['EDGE-2'], { collector: { store: 0 } }],
  [
    'MQTT client',
    'writes to a dead connection with QoS 0',
    ['EDGE-2'],
    { cut: 'silent', collector: { qos: 0, store: 0 } },
  ],
  [
    'MQTT client',
    'does not own up to what it dropped',
    ['EDGE-2 inconclusive'],
    {
      collector: { store: 0 },
      lines: ofProgram('collector', (line) =>
        line.type === 'collector.published' && line.dropped.length > 0
          ? [{ ...line, attempted: [], acknowledged: [], dropped: [] }]
          : [line],
      ),
    },
  ],
  [
    'MQTT client',
    'writes nothing down',
    ['EDGE-2 inconclusive'],
    { collector: { ledgerMs: TAKES_NOTHING_MS } },
  ],
  ['readinessProbe', 'always says ready', ['EDGE-3'], { alwaysReady: true }],
  ['tunnel', 'stays dead when its link is back', ['EDGE-1', 'EDGE-4'], { deadForMs: 4_500 }],
  ['tunnel', 'goes down by itself', ['EDGE-6'], { before: cutByItself }],
  ['tunnel', 'takes the host’s network down with it', ['EDGE-5'], { hostToo: true }],
  [
    'tunnel',
    'answers later than any probe waits',
    ['EDGE-1'],
    {
      before: async ({ sleep, tunnel }) => {
        tunnel.delayMs = 2_500;
        await sleep(6_000);
        tunnel.delayMs = 0;
      },
    },
  ],
  ['probe', 'goes by the host’s network in place of the tunnel', ['EDGE-1 inconclusive'], { astray: true }],
  [
    'probe',
    'hangs as long as the fault is there',
    ['EDGE-1 inconclusive'],
    { hangs: true, deadForMs: 4_000 },
  ],
  [
    'probe',
    'tells of answers only',
    ['EDGE-1 inconclusive'],
    {
      deadForMs: 4_500,
      lines: ofProgram('probe-tunnel', (line) => (line.type === 'probe.run' && !line.ok ? [] : [line])),
    },
  ],
  [
    'clock',
    'of a prober jumps 8 s ahead',
    ['EDGE-1 inconclusive'],
    { lines: clockOff('probe-tunnel', 6, 8_000) },
  ],
  [
    'clock',
    'of a collector jumps 8 s back',
    ['EDGE-2 inconclusive'],
    { lines: clockOff('collector', 60, -8_000) },
  ],
  [
    'ledger',
    'loses one line in twenty',
    ['EDGE-1 inconclusive', 'EDGE-2 inconclusive'],
    {
      lines: (_program, line) => (line.n % 20 === 7 && line.type !== 'cloud.received' ? [] : [line]),
    },
  ],
  [
    'ledger',
    'has a line that is none',
    ['EDGE-1 inconclusive', 'EDGE-2 inconclusive'],
    {
      lines: ofProgram('cloud', (line) =>
        line.type === 'cloud.received' && line.n === 40
          ? [line, { ...line, received: 'x' } as never]
          : [line],
      ),
    },
  ],
];

/** Real parts on loopback of which one is broken. */
export const plantMutants: readonly (Mutant & { quick: boolean })[] = ROWS.map(
  ([part, name, refusedBy, broken]) => ({
    ...{ part, name, refusedBy, quick: QUICK.includes(name) },
    judged: () => atOnce(async () => judgedHistory(await plantDay(broken), plantBench())),
  }),
);
