import type { History } from '../../../harness/history/event.ts';
import { remembered } from '../../../harness/history/remembered.ts';
import { type Judged, judgeRate, type Target } from '../../judged.ts';
import type { ProbeSeen } from '../events.ts';
import {
  blindFrameworks,
  disagreement,
  joinLedgers,
  lacking,
  type Start,
  unseen,
  unwatched,
  usableAt,
  wantedBy,
} from '../ledgers.ts';
import { recordDoubts } from './doubts.ts';

export interface FalseAllocation {
  start: Start;
  why: string;
  /** Ms from the first look to the first at which everything was usable; undefined where none was. */
  recoveredAfterMs: number | undefined;
}

/** Which ledgers there were to agree. */
function agreement(starts: readonly Start[]): string {
  if (!starts.some(({ watched }) => watched)) return 'the three ledgers agree';
  const asked = starts.filter(({ probes }) => probes.some(({ worked }) => worked)).length;
  const called =
    asked === 0
      ? 'nvidia-smi alone was asked'
      : `in ${asked} of ${starts.length} a real call was made to each`;
  const found = new Set(
    starts.flatMap(({ probes }) =>
      probes.flatMap(({ frameworks }) =>
        Object.entries(frameworks ?? {}).flatMap(([name, gpus]) => (gpus === null ? [] : [name])),
      ),
    ),
  );
  const framework = found.size > 0 ? `; ${[...found].sort().join(' and ')} found them` : '';
  return `what the containers were told and PodResources agree; ${called}${framework}`;
}

/** What was wrong at one look; undefined where nothing was. */
function wrongAt(start: Start, probe: ProbeSeen): string | undefined {
  const missing = lacking(start, probe);
  if (missing.length > 0) return `without ${missing.join(', ')}`;
  if (usableAt(probe).length < wantedBy(start)) return 'without a GPU';
  const blind = blindFrameworks(start, probe);
  return blind.length > 0 ? `in which ${blind.join(', ')} GPUs` : undefined;
}

/** The starts whose container could not use what it was given, at its first act or at any later look. */
export const falseAllocations = remembered((starts: readonly Start[]): readonly FalseAllocation[] =>
  starts.flatMap((start) => {
    const bad = start.probes.find((probe) => wrongAt(start, probe));
    const differ = unseen(start) === undefined ? disagreement(start) : undefined;
    if (!bad && !differ) return [];
    const first = start.probes[0]?.at ?? 0;
    const well = start.probes.find((probe) => probe.at > (bad?.at ?? 0) && !wrongAt(start, probe));
    const why = bad
      ? `${start.pod} on ${start.node}: look ${bad.n} ${wrongAt(start, bad)}`
      : (differ as string);
    return [{ start, why, recoveredAfterMs: bad && well ? well.at - first : undefined }];
  }),
);

/**
 * GPU-1: a container that was started can use every device that it was given.
 * @param looks how many a container makes that ends by itself
 */
export function checkFalseAllocation(history: History, target: Target, looks: number): Judged {
  const starts = joinLedgers(history);
  const blind = starts.flatMap((start) => unseen(start) ?? unwatched(start, looks) ?? []);
  const wrong = falseAllocations(starts);
  const judged = starts.length - blind.length;
  const recovered = wrong.filter(({ recoveredAfterMs }) => recoveredAfterMs !== undefined);
  const reason =
    wrong.length === 0
      ? `0 of ${judged} starts without the GPU that they were given; ${agreement(starts)}`
      : `${wrong.length} of ${starts.length} starts without the GPU that they were given (${recovered.length} recovered on their own); first: ${wrong[0]?.why}`;
  const doubts = [...recordDoubts(history)];
  if (blind.length > 0) doubts.push(`${blind.length} starts could not be judged (${blind[0]})`);
  return judgeRate(wrong.length, Math.max(judged, wrong.length), target, { reason, doubts });
}
