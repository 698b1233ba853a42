import { type EngineEvents, eventsOf, type History } from '../history/event.ts';

/** A stretch in which the API server answered nobody. */
export interface Absence {
  ms: number;
  reason?: string;
  /** The fault that had taken it away, and may for so long; undefined where none accounts for it. */
  fault: string | undefined;
}

/**
 * When the API server was away, and on whose account. A fault accounts for what begins after it was injected, is over before it
 * was seen to be gone, and takes no longer, all of it together, than it said that it would.
 */
export function absencesOf(history: History): Absence[] {
  const windows = eventsOf<EngineEvents['fault.injecting']>(history, 'fault.injecting').flatMap(
    ({ body: { apiAwayMs = 0, fault }, mono }) => {
      const gone = eventsOf<EngineEvents['fault.healed']>(history, 'fault.healed').find(
        ({ body }) => body.fault === fault && body.healed,
      );
      return gone ? [{ fault, mostMs: apiAwayMs, fromMono: mono, toMono: gone.mono }] : [];
    },
  );
  const absences = eventsOf<EngineEvents['api.away']>(history, 'api.away').map(({ body, mono }) => ({
    ...body,
    window: windows.find(({ fromMono, toMono }) => fromMono <= mono - body.ms && mono <= toMono),
  }));
  return absences.map(({ window, ...absence }) => {
    const altogether = absences.reduce((sum, { ms, window: own }) => (own === window ? sum + ms : sum), 0);
    return { ...absence, fault: window && altogether <= window.mostMs ? window.fault : undefined };
  });
}
