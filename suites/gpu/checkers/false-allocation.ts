import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeRate, type Target } from '../../judged.ts';
import {
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
  return `what the containers were told and PodResources agree; ${called}`;
}

/** The starts whose container could not use what it was given, at its first act or at any later look. */
export function falseAllocations(starts: readonly Start[]): FalseAllocation[] {
  return starts.flatMap((start) => {
    const bad = start.probes.find(
      (probe) => lacking(start, probe).length > 0 || usableAt(probe).length < wantedBy(start),
    );
    const differ = unseen(start) === undefined ? disagreement(start) : undefined;
    if (!bad && !differ) return [];
    const first = start.probes[0]?.at ?? 0;
    const well = start.probes.find(
      (probe) =>
        probe.at > (bad?.at ?? 0) &&
        usableAt(probe).length >= wantedBy(start) &&
        lacking(start, probe).length === 0,
    );
    const why = bad
      ? `${start.pod} on ${start.node}: look ${bad.n} without ${lacking(start, bad).join(', ') || 'a GPU'}`
      : (differ as string);
    return [{ start, why, recoveredAfterMs: bad && well ? well.at - first : undefined }];
  });
}

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
