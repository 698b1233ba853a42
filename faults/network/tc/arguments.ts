/** Argument lists of `tc`, by what is wanted. They only ever add: nothing is replaced, changed or flushed. */

export type QdiscSpec =
  | ({ kind: 'netem' } & NetemSpec)
  /** `burstBytes` pass at once; what would wait for more than `latencyMs` is dropped. */
  | { kind: 'tbf'; rateKbit: number; burstBytes: number; latencyMs: number }
  /** What no filter sends to a class goes to the one of this minor number. */
  | { kind: 'htb'; defaultClass: number };

/** Shares in percent of the datagrams; 0 leaves a thing out. Jitter and reordering need a delay. */
interface NetemSpec {
  delayMs: number;
  jitterMs: number;
  loss: number;
  corrupt: number;
  duplicate: number;
  reorder: number;
  rateKbit: number;
}

/** Datagrams that a u32 filter takes: IPv4 without header options. Undefined: whatever. */
export interface U32Match {
  udpTo?: number;
  /** A byte's value, counted from the start of the IP header. */
  byte?: { at: number; value: number };
}

/** Where a filter hangs: in a block that qdiscs share, or below a qdisc. */
export type FilterPlace = { block: number } | { device: string; parent: string };

/** Packets that netem may hold: the delay times the rate of a fast link. */
const NETEM_LIMIT = 10_000;

export function addQdisc(device: string, parent: string, handle: string, spec: QdiscSpec): string[] {
  const place = parent === 'root' ? ['root'] : ['parent', parent];
  return ['tc', 'qdisc', 'add', 'dev', device, ...place, 'handle', handle, ...qdiscWords(spec)];
}

/** A clsact qdisc whose filters of what comes in are those of the block; the block's number says whose it is. */
export function addClsact(device: string, block: number): string[] {
  return ['tc', 'qdisc', 'add', 'dev', device, 'ingress_block', String(block), 'clsact'];
}

/** A class that nothing slows down. */
export function addHtbClass(device: string, parent: string, classId: string): string[] {
  return [
    ...['tc', 'class', 'add', 'dev', device, 'parent', parent, 'classid', classId],
    // Without a quantum of its own the kernel finds the one of so fast a class too big, and says so.
    ...['htb', 'rate', '10gbit', 'quantum', '60000'],
  ];
}

export function addU32Filter(place: FilterPlace, pref: number, match: U32Match, then: string[]): string[] {
  return [...addFilter(place, pref, 'ip'), 'u32', ...u32Words(match), ...then];
}

/** A classic-BPF program whose answer is the verdict. */
export function addBpfFilter(place: FilterPlace, pref: number, bytecode: string): string[] {
  return [...addFilter(place, pref, 'all'), 'bpf', 'direct-action', 'bytecode', bytecode];
}

/** An action of the filter: out of another device instead. Its index is where its counter is read. */
export function redirectTo(device: string, index: number): string[] {
  return ['action', 'mirred', 'egress', 'redirect', 'dev', device, 'index', String(index)];
}

function addFilter(place: FilterPlace, pref: number, protocol: string): string[] {
  const where =
    'block' in place ? ['block', String(place.block)] : ['dev', place.device, 'parent', place.parent];
  return ['tc', 'filter', 'add', ...where, 'protocol', protocol, 'pref', String(pref)];
}

function u32Words({ byte, udpTo }: U32Match): string[] {
  const words: string[] = [];
  if (udpTo !== undefined) {
    words.push('match', 'ip', 'protocol', '17', '0xff', 'match', 'ip', 'dport', String(udpTo), '0xffff');
  }
  if (byte) words.push('match', 'u8', String(byte.value), '0xff', 'at', String(byte.at));
  return words.length > 0 ? words : ['match', 'u32', '0', '0'];
}

function qdiscWords(spec: QdiscSpec): string[] {
  if (spec.kind === 'htb') return ['htb', 'default', String(spec.defaultClass)];
  if (spec.kind === 'tbf') {
    const { burstBytes, latencyMs, rateKbit } = spec;
    const sizes = ['burst', String(burstBytes), 'latency', `${latencyMs}ms`];
    return ['tbf', 'rate', bits(rateKbit), ...sizes];
  }
  const { corrupt, delayMs, duplicate, jitterMs, loss, rateKbit, reorder } = spec;
  const share = (word: string, value: number) => (value > 0 ? [word, percent(value)] : []);
  return [
    ...['netem', 'limit', String(NETEM_LIMIT)],
    ...(delayMs > 0 ? ['delay', micros(delayMs), ...(jitterMs > 0 ? [micros(jitterMs)] : [])] : []),
    ...share('loss', loss),
    ...share('corrupt', corrupt),
    ...share('duplicate', duplicate),
    ...share('reorder', reorder),
    ...(rateKbit > 0 ? ['rate', bits(rateKbit)] : []),
  ];
}

const bits = (kbit: number) => `${Math.max(1, Math.round(kbit * 1_000))}bit`;
const micros = (ms: number) => `${Math.max(1, Math.round(ms * 1_000))}us`;
/** Never in the form 1e-7, which is not everyone's. */
const percent = (share: number) => `${Number(Math.max(share, 0.0001).toFixed(4))}%`;
