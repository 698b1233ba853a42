/** What the checkers of all rows read of a history. Pure; events stand by their time, in whatever order they come. */
import {
  type EngineEvents,
  eventsOf,
  type History,
  type HistoryEvent,
} from '../../../harness/history/event.ts';
import type { CatalogueEvents } from '../events.ts';
import { faultIdOf } from '../scenario.ts';

/** A row's events of a type, by their time. */
export function seenOf<Type extends keyof CatalogueEvents>(
  history: History,
  scenario: string,
  type: Type,
): HistoryEvent<string, CatalogueEvents[Type]>[] {
  return eventsOf<CatalogueEvents[Type]>(history, type)
    .filter(({ body }) => body.scenario === scenario)
    .sort((a, b) => a.mono - b.mono);
}

/** The cluster's Kubernetes, as it says it; empty where no cluster came up. */
export function kubernetesOf(history: History): string {
  return eventsOf<EngineEvents['cluster.up']>(history, 'cluster.up').at(-1)?.body.versions.kubernetes ?? '';
}

/** When the row's fault was there, in ms of the history's clock; what did not happen is undefined. */
export interface Held {
  injected: number | undefined;
  /** Seen to bite. */
  bit: number | undefined;
  healing: number | undefined;
  healed: number | undefined;
}

export function heldOf(history: History, scenario: string): Held {
  const first = <Type extends keyof EngineEvents>(
    type: Type,
    good: (body: EngineEvents[Type]) => boolean = () => true,
  ) =>
    eventsOf<EngineEvents[Type] & { fault: string }>(history, type)
      .filter(({ body }) => body.fault === faultIdOf(scenario) && good(body))
      .sort((a, b) => a.mono - b.mono)[0]?.mono;
  return {
    injected: first('fault.injected'),
    bit: first('fault.bit', ({ bit }) => bit),
    healing: first('fault.healing'),
    healed: first('fault.healed', ({ healed }) => healed),
  };
}

/** Why a row's history cannot carry a pass, whatever its figures say. */
export function doubtsOf(history: History, scenario: string): string[] {
  const held = heldOf(history, scenario);
  const refused = eventsOf<EngineEvents['fault.refused']>(history, 'fault.refused').find(
    ({ body }) => body.fault === faultIdOf(scenario),
  );
  const broke = seenOf(history, scenario, 'scenario.broke').map(
    ({ body }) => `the scenario broke off: ${body.reason}`,
  );
  if (seenOf(history, scenario, 'scenario.started').length === 0) return [...broke, 'it was not run'];
  const ended = seenOf(history, scenario, 'scenario.ended').length > 0;
  return [
    ...broke,
    ...(refused ? [`it could not be brought about: ${refused.body.reason}`] : []),
    ...(!refused && held.injected === undefined ? ['it was not brought about'] : []),
    ...(held.injected !== undefined && held.bit === undefined ? ['it was not seen to bite'] : []),
    ...(ended || broke.length > 0 ? [] : ['its end was not seen']),
  ];
}
