import { type EngineEvents, eventsOf, type History, type HistoryEvent } from '../../harness/history/event.ts';
import { grouped } from '../../harness/history/grouped.ts';
import type { Lane, LaneGroup, Span } from '../../harness/history/timeline.ts';

type FaultEvent = HistoryEvent<string, { fault: string }>;

/** When each fault was in force, on the history’s clock: from the moment before it was injected until it was gone. */
export interface FaultWindow {
  fault: string;
  from: number;
  to: number;
}

/** The engine's own lanes: the run's phases, and each fault as it was injected, bit, was held and was healed. */
export function engineLanes(history: History): LaneGroup[] {
  return [
    {
      title: 'Faults in force',
      note:
        'Waiting: injected, and not yet seen to bite. Held: it bit, and had not been healed. Neutral: being healed. ' +
        'Bad: not seen to be gone. The shade behind every row is the time of any fault.',
      lanes: faultLanes(history),
    },
    {
      title: 'Phases',
      note: 'What the run was at.',
      lanes: [{ title: 'run', tracks: phaseTracks(history) }],
    },
  ];
}

export function faultWindows(history: History): FaultWindow[] {
  return [...faultEvents(history)].map(([fault, events]) => ({
    fault,
    from: events[0]?.mono ?? 0,
    to: healedAt(events) ?? endOf(history),
  }));
}

function faultLanes(history: History): Lane[] {
  return [...faultEvents(history)].map(([fault, events]) => ({
    title: fault,
    tracks: [{ kind: 'spans', name: kindOf(events), spans: faultSpans(events, endOf(history)) }],
  }));
}

function faultSpans(events: readonly FaultEvent[], end: number): Span[] {
  const at = (type: string) => events.find((event) => event.type === type)?.mono;
  const injecting = at('fault.injecting') ?? 0;
  const injected = at('fault.injected');
  const bit = events.find(
    ({ type, body }) => type === 'fault.bit' && (body as EngineEvents['fault.bit']).bit,
  )?.mono;
  const healing = at('fault.healing');
  const healed = healedAt(events);
  const spans: Span[] = [
    { from: injecting, to: injected ?? healing ?? end, tone: 'waiting', label: 'being injected' },
  ];
  if (injected !== undefined) {
    spans.push({
      from: injected,
      to: bit ?? healing ?? end,
      tone: 'waiting',
      label: 'in force, not yet seen to bite',
    });
    if (bit !== undefined) spans.push({ from: bit, to: healing ?? end, tone: 'held', label: 'it bit' });
  }
  if (healing !== undefined) {
    spans.push({
      from: healing,
      to: healed ?? end,
      tone: healed === undefined ? 'bad' : 'neutral',
      label: healed === undefined ? 'not seen to be gone' : 'being healed',
    });
  }
  return spans.filter(({ from, to }) => to > from);
}

/** A row a phase, also where a run went through it again. */
function phaseTracks(history: History): Lane['tracks'] {
  const left = eventsOf<EngineEvents['phase.left']>(history, 'phase.left');
  const entered = eventsOf<EngineEvents['phase.entered']>(history, 'phase.entered');
  return [...grouped(entered, ({ body }) => body.phase)].map(([phase, times]) => ({
    kind: 'spans',
    name: phase,
    spans: times.map(({ mono }): Span => {
      const leaving = left.find((event) => event.mono >= mono && event.body.phase === phase);
      const { outcome, error } = leaving?.body ?? { outcome: 'not left', error: undefined };
      const tone = outcome === 'done' ? 'neutral' : 'bad';
      const label = error ? `${outcome}: ${error}` : outcome;
      return { from: mono, to: leaving?.mono ?? endOf(history), tone, label };
    }),
  }));
}

/** Of the faults that touched anything, by id. */
function faultEvents(history: History): Map<string, FaultEvent[]> {
  const touched = history.filter(({ type }) => type.startsWith('fault.')) as FaultEvent[];
  const byFault = grouped(touched, ({ body }) => body.fault);
  return new Map(
    [...byFault]
      .map(([fault, events]) => [fault, events.slice(Math.max(0, events.findIndex(isInjecting)))] as const)
      .filter(([, events]) => events.some(isInjecting)),
  );
}

function isInjecting({ type }: FaultEvent): boolean {
  return type === 'fault.injecting';
}

function healedAt(events: readonly FaultEvent[]): number | undefined {
  return events.findLast(
    ({ type, body }) => type === 'fault.healed' && (body as EngineEvents['fault.healed']).healed,
  )?.mono;
}

function kindOf(events: readonly FaultEvent[]): string {
  return eventsOf<EngineEvents['fault.injecting']>(events, 'fault.injecting')[0]?.body.kind ?? '';
}

function endOf(history: History): number {
  return history.at(-1)?.mono ?? 0;
}
