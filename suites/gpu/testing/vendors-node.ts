/** Runs of the suite under the profile `as-is`: on an embedded node with a plugin that neither it nor the harness started. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { embeddedProvider } from '../../../clusters/embedded/provider.ts';
import type { Cluster, ClusterNode } from '../../../clusters/port.ts';
import { Stage } from '../../../faults/gpu/testing/stage.ts';
import { Ground } from '../../../faults/network/testing/ground.ts';
import { resolvedPlan } from '../../../harness/cli/plan-of.ts';
import { systemClock } from '../../../harness/clock/clock.ts';
import { parsePlan } from '../../../harness/plan/load.ts';
import { conduct } from '../../../harness/run/experiment.ts';
import type { StepContext } from '../../../harness/run/ports.ts';
import { UndoStack } from '../../../harness/run/undo.ts';
import type { Verdict } from '../../../harness/verdict/verdict.ts';
import { gpuSuite } from '../suite.ts';

/** A run gets two minutes; a node is up for the whole of a test file. */
const LIFE_MS = 900_000;

export class VendorsNode {
  readonly folder = mkdtempSync(join(tmpdir(), 'vn-'));
  readonly ground = new Ground();
  readonly #undo = new UndoStack();
  #cluster: Cluster | undefined;
  #runs = 0;

  async up(): Promise<ClusterNode> {
    const plan = parsePlan('{}', 'the test’s plan', [
      'cluster.provider=embedded',
      'cluster.workers=1',
      'cluster.startLatency=200ms',
    ]);
    this.#cluster = await embeddedProvider.up(this.#context(plan, 'up', this.#undo));
    return this.stage().node;
  }

  stage(): Stage {
    if (!this.#cluster) throw new Error('it is not up');
    return new Stage(this.#cluster, this.ground);
  }

  /** The verdict of a run as it is. `set`: as on the command line. */
  async certify(...set: string[]): Promise<Verdict> {
    const cluster = this.stage().cluster;
    this.#runs += 1;
    const given = ['profile=as-is', 'level=smoke', 'cluster.provider=embedded', 'cluster.workers=1', ...set];
    const plan = resolvedPlan(parsePlan('{}', 'the test’s plan', given), [gpuSuite]);
    return await conduct({
      context: {
        ...this.#context(plan, `${this.#runs}`, new UndoStack()),
        task: async (_title, work) => await work(),
      },
      cluster,
      suites: [gpuSuite],
      version: 'test',
      replay: 'npm test',
    });
  }

  /** Ends it; what could not be undone. */
  async down(): Promise<object[]> {
    const failed = await this.#undo.unwind();
    this.ground.end();
    rmSync(this.folder, { recursive: true, force: true });
    return failed;
  }

  #context(plan: StepContext['plan'], name: string, undo: UndoStack): StepContext {
    const outDir = join(this.folder, name);
    mkdirSync(outDir);
    return {
      plan,
      runId: `vendors-${process.pid}-${name}`,
      outDir,
      workDir: this.folder,
      clock: systemClock,
      signal: AbortSignal.timeout(LIFE_MS),
      undo,
      log: pino({ level: 'silent' }),
      progress: () => undefined,
    };
  }
}
