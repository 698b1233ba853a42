import { type EngineEvents, eventsOf, type History, type HistoryEvent } from '../history/event.ts';
import { absencesOf } from './absences.ts';
import type { FaultVerdict } from './verdict.ts';

type FaultEvent = HistoryEvent<string, { fault: string } & Record<string, unknown>>;

/** One verdict a fault: those that the plan schedules, in its order, and after them any other that was injected. */
export function judgeFaults(history: History, scheduled: readonly string[]): FaultVerdict[] {
  const byFault = new Map<string, FaultEvent[]>(scheduled.map((id) => [id, []]));
  for (const event of history) {
    if (!event.type.startsWith('fault.')) continue;
    const { fault } = (event as FaultEvent).body;
    byFault.set(fault, [...(byFault.get(fault) ?? []), event as FaultEvent]);
  }
  const absences = absencesOf(history);
  return [...byFault].map(([id, events]) => {
    const judged = judgeFault(id, events);
    const longest = Math.max(0, ...absences.filter(({ fault }) => fault === id).map(({ ms }) => ms));
    if (longest === 0) return judged;
    const meanwhile = `the API server did not answer for ${(longest / 1_000).toFixed(1)} s`;
    return { ...judged, biteEvidence: `${judged.biteEvidence}; ${meanwhile}` };
  });
}

/** Whether the target may still be broken: touched, and not seen whole again. */
export function isUnhealed(fault: FaultVerdict): boolean {
  return !fault.healed && (fault.injected || fault.mechanism !== '');
}

function judgeFault(id: string, events: FaultEvent[]): FaultVerdict {
  const refused = eventsOf<EngineEvents['fault.refused']>(events, 'fault.refused')[0];
  const injecting = eventsOf<EngineEvents['fault.injecting']>(events, 'fault.injecting')[0];
  const injected = eventsOf<EngineEvents['fault.injected']>(events, 'fault.injected')[0];
  // What was not injected, or not yet, cannot have bitten.
  const bites = eventsOf<EngineEvents['fault.bit']>(events, 'fault.bit').filter(
    ({ seq }) => injected !== undefined && seq > injected.seq,
  );
  const bit = bites.find((event) => event.body.bit);
  const healing = eventsOf<EngineEvents['fault.healing']>(events, 'fault.healing')[0];
  const touched = events.findLast(({ type }) => type === 'fault.injecting' || type === 'fault.injected');
  // A later attempt overrules an earlier one: a heal that failed and was repeated is a heal. One after which it was injected is none.
  const healed = eventsOf<EngineEvents['fault.healed']>(events, 'fault.healed').findLast(
    ({ seq }) => seq > (touched?.seq ?? -1),
  );
  const lapsed = eventsOf<EngineEvents['fault.lapsed']>(events, 'fault.lapsed')[0];
  const named = injected ?? injecting ?? refused;
  return {
    id,
    kind: named?.body.kind ?? 'unknown',
    target: named?.body.target ?? 'none',
    mechanism: (injected ?? injecting)?.body.mechanism ?? '',
    injected: injected !== undefined,
    bit: bit !== undefined,
    biteEvidence: (bit ?? bites.at(-1))?.body.evidence ?? notBitten(refused, injecting, injected),
    healed: healed?.body.healed ?? false,
    healEvidence: healed?.body.evidence ?? (named && !refused ? 'no heal was recorded' : 'nothing to heal'),
    ...(healed?.body.vanished && { vanished: true }),
    ...(lapsed && { lapsed: lapsed.body.evidence }),
    durations: {
      injectMs: between(injecting, injected),
      biteMs: between(injected, bit),
      heldMs: between(injected, healing),
      healMs: between(healing, healed?.body.healed ? healed : undefined),
    },
  };
}

function notBitten(
  refused: HistoryEvent<string, EngineEvents['fault.refused']> | undefined,
  injecting: HistoryEvent | undefined,
  injected: HistoryEvent | undefined,
): string {
  if (injected) return 'no bite was recorded';
  if (injecting) return 'injecting it failed';
  return refused ? `refused: ${refused.body.reason}` : 'it was scheduled and never injected';
}

function between(start: HistoryEvent | undefined, end: HistoryEvent | undefined): number | null {
  return start && end ? Math.round((end.mono - start.mono) * 1_000) / 1_000 : null;
}
