import type { HistoryEvent } from '../../harness/history/event.ts';

/** A history written by hand: from when, what, and its body. */
function historyOf(...told: [mono: number, type: string, body: unknown][]): HistoryEvent[] {
  return told.map(([mono, type, body], seq) => ({
    seq,
    mono,
    wall: 1e12 + mono,
    source: 'harness',
    type,
    body,
  }));
}

/** One fault that was injected at 1 s, bit at 2 s, and was healed from 8 s to 9 s of a run of 10 s. */
export function faultHistory(fault = 'bind-delay-1', healed = true): HistoryEvent[] {
  const named = { fault, kind: 'gpu/bind-delay', target: 'node w1', mechanism: 'knob' };
  return historyOf(
    [0, 'phase.entered', { phase: 'burst' }],
    [1_000, 'fault.injecting', named],
    [1_500, 'fault.injected', { ...named, detail: null }],
    [2_000, 'fault.bit', { fault, bit: true, evidence: 'slower' }],
    [8_000, 'fault.healing', { fault }],
    [9_000, 'fault.healed', { fault, healed, evidence: 'as before' }],
    [9_500, 'phase.left', { phase: 'burst', outcome: 'done' }],
    [10_000, 'run.ended', { outcome: 'done' }],
  );
}
