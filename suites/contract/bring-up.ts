import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { z } from 'zod';
import type { Cluster } from '../../clusters/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { type ClusterPlan, Plan } from '../../harness/plan/schema.ts';
import type { Provider } from '../../harness/run/ports.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { declareContract } from './declare.ts';

/** Booting three machines of a real cluster takes half a minute; an image that has to be loaded some more. */
const UP_DEADLINE_MS = 300_000;

/** Declares the contract on a cluster of its own, brought up before the first case and taken down after the last. */
export function declareOn(provider: Provider<Cluster>, cluster: z.input<typeof ClusterPlan>): void {
  describe(`on ${provider.name}`, () => {
    const undo = new UndoStack();
    let up: Cluster;
    let folder: string;

    before(async function () {
      this.timeout(UP_DEADLINE_MS);
      folder = await mkdtemp(join(tmpdir(), 'oc-'));
      const runId = `contract-${Math.floor(systemClock.wall()).toString(36)}`;
      up = await provider.up({
        plan: Plan.parse({ cluster: { provider: provider.name, ...cluster } }),
        runId,
        outDir: join(folder, 'out'),
        workDir: folder,
        clock: systemClock,
        signal: AbortSignal.timeout(UP_DEADLINE_MS),
        undo,
        log: pino({ level: 'silent' }),
        progress: () => undefined,
      });
    });

    after(async function () {
      this.timeout(UP_DEADLINE_MS);
      up?.kube.close();
      const failed = await undo.unwind(UP_DEADLINE_MS);
      await rm(folder, { recursive: true, force: true });
      if (failed.length > 0) throw new Error(`not undone: ${JSON.stringify(failed)}`);
    });

    declareContract(() => up);
  });
}
