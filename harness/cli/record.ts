import { parseArgs } from 'node:util';
import { EXIT, type ExitCode } from '../errors/error.ts';
import type { History } from '../history/event.ts';
import { record } from '../run/experiment.ts';
import { UndoStack } from '../run/undo.ts';
import { tellFailure } from './failure.ts';
import { outFolder } from './options.ts';
import type { Parts } from './parts.ts';
import { planOf } from './plan-of.ts';
import { providerOf } from './provider-of.ts';
import { inSession } from './session.ts';

/**
 * `--plan FILE --out FOLDER --replay COMMAND [--run-id ID]`: conducts one plan on a cluster of this machine and leaves its
 * history in the folder. Who started it judges: a machine that is there to be broken has better to do. Returns an exit
 * code, which says nothing of the verdict.
 * @param follow told of the history that is being recorded, which grows while the run lives
 */
export async function recordRun(
  parts: Pick<Parts, 'version' | 'providers' | 'suites'>,
  argv: readonly string[],
  follow?: (history: History) => void,
): Promise<ExitCode> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...{ plan: { type: 'string' }, out: { type: 'string' } },
        ...{ replay: { type: 'string' }, 'run-id': { type: 'string' } },
      },
    });
    const { replay = '', 'run-id': runId, ...files } = values;
    const options = { ...files, set: [], suite: [], quiet: false };
    const { plan, suites } = await planOf(parts, options);
    const provider = await providerOf(parts, plan);
    const outDir = outFolder(options);
    await inSession({ plan, outDir, quiet: false, runId }, async (session) => {
      const cluster = await session.task(`cluster: ${provider.name}`, () => provider.up(session));
      // Its own undo: the cluster outlives it.
      const own = { runId: `${session.runId}-${plan.profile}`, undo: new UndoStack() };
      const context = { ...session, ...own, ...(follow && { follow }) };
      await record({ context, cluster, suites, replay, version: parts.version });
    });
    return EXIT.certified;
  } catch (error) {
    return tellFailure(error);
  }
}
