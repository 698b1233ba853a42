import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Cluster } from '../../clusters/port.ts';
import { Ground } from '../../faults/network/testing/ground.ts';
import { resolvedPlan } from '../../harness/cli/plan-of.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { parsePlan } from '../../harness/plan/load.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { conduct } from '../../harness/run/experiment.ts';
import type { Provider, StepContext, Suite } from '../../harness/run/ports.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';

/** Of the cluster, with all runs on it. */
const LIFE_MS = 900_000;
const DOWN_MS = 60_000;

/** A cluster that stands while a suite runs on it, run after run: to bring it up may take as long as a run. */
export class StandingCluster {
  readonly ground = new Ground();
  readonly folder = mkdtempSync(join(tmpdir(), 'sc-'));
  readonly #provider: Provider<Cluster>;
  readonly #undo = new UndoStack();
  readonly #signal = AbortSignal.timeout(LIFE_MS);
  #cluster: Cluster | undefined;
  #runs = 0;

  constructor(provider: Provider<Cluster>) {
    this.#provider = provider;
  }

  get cluster(): Cluster {
    if (!this.#cluster) throw new RangeError('the cluster is not up');
    return this.#cluster;
  }

  /** @param set as on the command line */
  async up(...set: string[]): Promise<void> {
    this.#cluster = await this.#provider.up(this.#context('up', this.#planOf(set), this.#undo));
  }

  /**
   * The verdict of a run.
   * @param set as on the command line
   * @param cluster as much of it as the run is to see
   */
  async run(suite: Suite<Cluster>, set: readonly string[], cluster = this.cluster): Promise<Verdict> {
    this.#runs += 1;
    const context = this.#context(`${this.#runs}`, resolvedPlan(this.#planOf(set), [suite]), new UndoStack());
    return await conduct({
      context: { ...context, task: async (_title, work) => await work() },
      ...{ cluster, suites: [suite], version: 'test', replay: 'npm test' },
    });
  }

  /** Ends it; what could not be undone. */
  async down(): Promise<object[]> {
    const failed = await this.#undo.unwind(DOWN_MS);
    this.#cluster?.kube.close();
    this.ground.end();
    rmSync(this.folder, { recursive: true, force: true });
    return failed;
  }

  #planOf(set: readonly string[]): Plan {
    return parsePlan('{}', 'the test’s plan', [`cluster.provider=${this.#provider.name}`, ...set]);
  }

  #context(name: string, plan: Plan, undo: UndoStack): StepContext {
    const outDir = join(this.folder, name);
    mkdirSync(outDir);
    return {
      ...{ plan, outDir, undo, workDir: this.folder, clock: systemClock, signal: this.#signal },
      // Two of different providers may stand side by side: what a run leaves on the machine goes by this.
      runId: `standing-${process.pid}-${this.#provider.name}-${name}`,
      log: pino({ level: 'silent' }),
      progress: () => undefined,
    };
  }
}
