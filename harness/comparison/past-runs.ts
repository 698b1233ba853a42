import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { contradictionsIn, runFolders } from '../gate/read.ts';
import { type EngineEvents, eventsOf } from '../history/event.ts';
import type { Plan } from '../plan/schema.ts';
import { pastRun } from '../run/past-run.ts';
import type { Suite } from '../run/ports.ts';
import type { JudgedSuite } from '../verdict/judge.ts';
import type { ComparedRun } from './compare.ts';

/** What a comparison asks of a suite. */
export type ComparedSuite = JudgedSuite & Pick<Suite, 'series'>;

export interface PlannedRun {
  plan: Plan;
  run: ComparedRun;
}

/**
 * Past runs, each judged again from its history.
 * @param dirs each a run's folder, or one that has runs below it
 * @throws OrdealError RUN_UNREADABLE (exit 4); RUN_CONTRADICTORY where a run says otherwise than its history
 */
export async function pastRuns(
  dirs: readonly string[],
  suitesOf: (plan: Plan) => Promise<readonly ComparedSuite[]>,
): Promise<PlannedRun[]> {
  const folders = [...new Set((await Promise.all(dirs.map(runFolders))).flat())].sort(naturally);
  const runs: PlannedRun[] = [];
  // One after the other: a release-level history is large.
  for (const dir of folders) {
    const run = await pastRun(dir, suitesOf);
    const verdict = run.judge();
    const contradictions = await contradictionsIn(dir, run, verdict);
    if (contradictions.length > 0) throw contradictory(dir, contradictions);
    const started = eventsOf<EngineEvents['run.started']>(run.history, 'run.started')[0]?.body;
    const compared = { dir, verdict, ordeal: started?.ordeal ?? 'unknown', ...seriesIn(run) };
    runs.push({ plan: run.plan, run: compared });
  }
  return runs;
}

/** A suite that cannot make anything of a history leaves nothing to compare. */
function seriesIn(
  run: Awaited<ReturnType<typeof pastRun<ComparedSuite>>>,
): Pick<ComparedRun, 'series' | 'broken'> {
  try {
    return { series: run.suites.flatMap((suite) => suite.series(run.history, run.plan)) };
  } catch (error) {
    return { series: [], broken: messageOf(error) };
  }
}

/** `10` after `9`. */
function naturally(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

function contradictory(dir: string, contradictions: readonly string[]): OrdealError {
  return new OrdealError({
    code: 'RUN_CONTRADICTORY',
    exit: EXIT.usage,
    tried: `comparing the run ${dir}`,
    seen: contradictions.join('; '),
    todo: 'give the run’s folder as the run left it; `ordeal report FOLDER` judges it again',
  });
}
