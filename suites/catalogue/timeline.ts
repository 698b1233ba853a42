import type { History } from '../../harness/history/event.ts';
import type { Lane, LaneGroup, Mark, Point } from '../../harness/history/timeline.ts';
import { seenOf } from './checkers/seen.ts';
import { ROWS } from './rows.ts';

/** A lane for each row that was run: what was allocatable, and what its plugins did. Pure. */
export function timeline(history: History): LaneGroup[] {
  const ids = [
    ...new Set(
      history
        .filter(({ type }) => type === 'scenario.started')
        .map(({ body }) => (body as { scenario: string }).scenario),
    ),
  ];
  if (ids.length === 0) return [];
  return [
    {
      title: 'Failure catalogue',
      note: 'A lane for each scenario: the devices that were allocatable, and the calls and registrations of its plugins.',
      lanes: ids.map((id) => laneOf(history, id)),
    },
  ];
}

function laneOf(history: History, id: string): Lane {
  const points = seenOf(history, id, 'allocatable.seen').map(
    ({ body, mono }): Point => [mono, body.allocatable],
  );
  const deeds = seenOf(history, id, 'plugin.did').map(
    ({ body, mono }): Mark => ({ at: mono, label: `${body.plugin}: ${body.what} ${body.moment}` }),
  );
  return {
    title: `${id} ${ROWS.find((row) => row.id === id)?.title ?? ''}`.trim(),
    tracks: [
      { name: 'allocatable', kind: 'line', unit: 'devices', step: true, points },
      { name: 'plugins', kind: 'marks', marks: deeds },
    ],
  };
}
