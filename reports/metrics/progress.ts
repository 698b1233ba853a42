import { engineEventBodies } from '../../harness/history/engine-events.ts';
import type { EngineEvents, History, HistoryEvent } from '../../harness/history/event.ts';

/** What is kept of a history for its metrics: how many events of each type, and the engine's own, which are few. */
export interface Progress {
  counts: ReadonlyMap<string, number>;
  engine: History;
}

/** Reads along a history that may still grow: each call looks at what came since the last. */
export function follow(history: History): () => Progress {
  const counts = new Map<string, number>();
  const engine: HistoryEvent[] = [];
  let next = 0;
  return () => {
    for (const event of history.slice(next)) {
      counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
      if (Object.hasOwn(engineEventBodies, event.type)) engine.push(event);
    }
    next = history.length;
    return { counts, engine };
  };
}

/** The first event of a type of the engine's own. */
export function firstOf<Type extends keyof EngineEvents>(
  { engine }: Progress,
  wanted: Type,
): HistoryEvent<Type, EngineEvents[Type]> | undefined {
  return engine.find(({ type }) => type === wanted) as HistoryEvent<Type, EngineEvents[Type]> | undefined;
}

/** Each phase that was entered, and whether the run is in it. */
export function phasesIn({ engine }: Progress): Map<string, boolean> {
  const phases = new Map<string, boolean>();
  for (const { type, body } of engine) {
    if (type === 'phase.entered' || type === 'phase.left')
      phases.set((body as { phase: string }).phase, type === 'phase.entered');
  }
  return phases;
}
