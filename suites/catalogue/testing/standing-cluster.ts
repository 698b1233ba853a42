/** Rows of the catalogue, run after run on one cluster that stands: bringing it up takes as long as a row. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openNetwork } from '../../../clusters/network/open.ts';
import type { Cluster } from '../../../clusters/port.ts';
import { Ground } from '../../../faults/network/testing/ground.ts';
import { resolvedPlan } from '../../../harness/cli/plan-of.ts';
import { systemClock } from '../../../harness/clock/clock.ts';
import { parsePlan } from '../../../harness/plan/load.ts';
import type { Plan } from '../../../harness/plan/schema.ts';
import { conduct } from '../../../harness/run/experiment.ts';
import type { Provider, StepContext } from '../../../harness/run/ports.ts';
import { UndoStack } from '../../../harness/run/undo.ts';
import type { Verdict } from '../../../harness/verdict/verdict.ts';
import { catalogueSuite } from '../suite.ts';

/** Of the cluster, with all runs on it. */
const LIFE_MS = 900_000;
const DOWN_MS = 60_000;

export interface RowsRun {
  rows: readonly string[];
  /** Which of the workers, by index. */
  worker: number;
  /** As on the command line. */
  set: readonly string[];
}

export class StandingCluster {
  readonly #provider: Provider<Cluster>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sc-'));
  readonly #ground = new Ground();
  readonly #undo = new UndoStack();
  readonly #signal = AbortSignal.timeout(LIFE_MS);
  #cluster: Cluster | undefined;
  #runs = 0;

  constructor(provider: Provider<Cluster>) {
    this.#provider = provider;
  }

  async up(workers: number): Promise<void> {
    const plan = this.#planOf([`cluster.workers=${workers}`]);
    this.#cluster = await this.#provider.up(this.#context('up', plan, this.#undo));
  }

  /** The verdict of a run that sees one of the workers alone, so that others may run beside it. */
  async run({ rows, set, worker }: RowsRun): Promise<Verdict> {
    if (!this.#cluster) throw new RangeError('the cluster is not up');
    const { nodes } = this.#cluster;
    const own = nodes.filter(({ role }) => role === 'worker')[worker];
    const cluster = {
      ...this.#cluster,
      nodes: nodes.filter((node) => node.role !== 'worker' || node === own),
    };
    const suite = catalogueSuite(openNetwork);
    const scenarios = `suites.0.settings.scenarios=${JSON.stringify(rows)}`;
    const draft = this.#planOf(['level=smoke', 'suites.0.name=catalogue', scenarios, ...set]);
    this.#runs += 1;
    const context = this.#context(`${this.#runs}`, resolvedPlan(draft, [suite]), new UndoStack());
    return await conduct({
      context: { ...context, task: async (_title, work) => await work() },
      ...{ cluster, suites: [suite], version: 'test', replay: 'npm test' },
    });
  }

  /** Ends it; what could not be undone. */
  async down(): Promise<object[]> {
    this.#cluster?.kube.close();
    const failed = await this.#undo.unwind(DOWN_MS);
    this.#ground.end();
    rmSync(this.#folder, { recursive: true, force: true });
    return failed;
  }

  #planOf(set: readonly string[]): Plan {
    return parsePlan('{}', 'the test’s plan', [`cluster.provider=${this.#provider.name}`, ...set]);
  }

  #context(name: string, plan: Plan, undo: UndoStack): StepContext {
    const outDir = join(this.#folder, name);
    mkdirSync(outDir);
    return {
      ...{ plan, outDir, undo, workDir: this.#folder, clock: systemClock, signal: this.#signal },
      runId: `rows-${process.pid}-${name}`,
      log: pino({ level: 'silent' }),
      progress: () => undefined,
    };
  }
}
