import { type Draw, oddNames } from './draw.ts';
import type { EdgeShape } from './edge-day.ts';

/** As most are: two nodes, one of which is cut off for some seconds and back. */
export function plainDay(draw: Draw): EdgeShape {
  return {
    ...{ nodes: ['a', 'b'], namespace: 'n', cutMs: 6_000, noticedMs: 2_000, messages: 500, seconds: 60 },
    ...{ duplicates: 0, reordered: 0, clockMs: 0 },
    lateMs: () => draw.between(0, 5),
  };
}

type Kind = (draw: Draw, shape: EdgeShape) => Partial<EdgeShape>;

/** Ways in which a sound plant of edge nodes may differ. */
export const EDGE_KINDS: Readonly<Record<string, Kind>> = {
  'a cut that is nearly too long': (draw) => ({ cutMs: draw.int(8_500, 9_700) }),
  'a cut that is noticed just in time': (draw, { cutMs }) => ({ noticedMs: draw.int(4_000, 4_800), cutMs }),
  'many edge nodes': (draw) => ({
    nodes: Array.from({ length: draw.int(6, 12) }, (_, index) => `edge-${index}`),
  }),
  'one edge node': () => ({ nodes: ['edge'] }),
  'odd names of edge nodes and the namespace': (draw, { nodes }) => ({
    nodes: oddNames(draw, nodes.length),
    namespace: oddNames(draw, 1)[0] as string,
  }),
  'few messages': () => ({ messages: 20 }),
  'many messages': (draw) => ({ messages: draw.int(5_000, 50_000) }),
  'messages twice and out of order': (draw) => ({ duplicates: draw.int(1, 50), reordered: draw.int(1, 50) }),
  'programs’ clocks that are far from the recorder’s': (draw) => ({
    clockMs: draw.between(-1e9, 1e9),
  }),
  'ledgers that are late and complete': (draw) => ({ lateMs: () => draw.between(0, 1_200) }),
  'a short day': () => ({ seconds: 40 }),
};
