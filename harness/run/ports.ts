/**
 * What the engine asks of the rest. The engine knows no GPU, tunnel or provider: `ordeal.ts`, the composition root,
 * hands these in.
 */
import type { Logger } from 'pino';
import type { Clock } from '../clock/clock.ts';
import type { Series } from '../comparison/series.ts';
import type { History, Recorder } from '../history/event.ts';
import type { LaneGroup } from '../history/timeline.ts';
import type { Kube } from '../kube/client.ts';
import type { Plan } from '../plan/schema.ts';
import type { Forecast } from '../radius/forecast.ts';
import type { SuiteRadius } from '../radius/resolve.ts';
import type { Control } from '../verdict/exit-code.ts';
import type {
  ClusterLeft,
  Evidence,
  NodeFound,
  Outcome,
  Profile,
  Requirement,
  Verdict,
} from '../verdict/verdict.ts';
import type { UndoStack } from './undo.ts';

/** What every step gets. */
export interface StepContext {
  plan: Plan;
  runId: string;
  /** The run's output folder: events.jsonl and reports. */
  outDir: string;
  /** The run's scratch folder, removed at the end; short, for unix sockets in it have at most 107 bytes of path. */
  workDir: string;
  clock: Clock;
  /** Aborts on SIGINT, SIGTERM and deadline; its reason is an OrdealError. */
  signal: AbortSignal;
  undo: UndoStack;
  log: Logger;
  /** One line for the live display: what the step is at now. */
  progress(line: string): void;
}

/** What the engine itself works in. */
export interface RunContext extends StepContext {
  /** Told of the history that is being recorded, which grows while the run lives. */
  follow?(history: History): void;
  /** A step that the live display shows while it works, and whether it came to its end. */
  task<T>(title: string, work: () => Promise<T>): Promise<T>;
}

/** A cluster that is up. `clusters/port.ts` says more; this is what the engine itself needs. */
export interface ClusterHandle {
  name: string;
  provider: string;
  kubeconfig: string;
  evidence: Evidence;
  /** kubernetes, containerRuntime, kernel, plugin …: what was found, by name. */
  versions: Record<string, string>;
  nodeNames: string[];
  /** What each of its nodes runs. */
  found(): Promise<NodeFound[]>;
  kube: Kube;
  exportLogs(dir: string): Promise<void>;
  down(): Promise<void>;
  /** What differs from before the cluster was taken; only of one that is someone's, and has to be as it was. */
  left?(): Promise<ClusterLeft>;
}

/** Whether this machine can do something, and the command that mends it where not. */
export interface Readiness {
  name: string;
  ok: boolean;
  /** What was found, or what is missing. */
  detail: string;
  /** A command or a sentence; only where not ok. */
  mend?: string;
}

export interface Provider<C extends ClusterHandle = ClusterHandle> {
  name: string;
  /** Cheap and without side effects; for `doctor` and, with the plan, for an exit 4 before anything is touched. */
  readiness(plan?: Plan): Promise<Readiness[]>;
  /** Brings a cluster up; registers its undo on `context.undo` before it acts. */
  up(context: StepContext): Promise<C>;
  /** For `ordeal up`: the cluster outlives the process. Returns the path of its kubeconfig. */
  upDetached(context: StepContext): Promise<{ name: string; kubeconfig: string }>;
  /**
   * A cluster of `upDetached` that is up, for this session alone; undefined where there is none of that name. Letting go of
   * it is on `context.undo`.
   * @param accept told of it before it is taken: what it throws is thrown, and nothing was touched.
   * @throws OrdealError CLUSTER_IN_USE (exit 4)
   */
  attach?(name: string, context: StepContext, accept: (cluster: C) => void): Promise<C | undefined>;
  /** For `ordeal down`: true if there was one. Safe to repeat. */
  down(name: string): Promise<boolean>;
  /** For `ordeal clean`: removes whatever carries our mark and no living run owns; names what it removed. */
  clean(): Promise<string[]>;
}

/** A machine of its own, up for a session, on which whole runs are conducted. */
export interface Machine {
  name: string;
  /**
   * Conducts the context's plan there, whatever becomes of it, and leaves its history in the context's `outDir`.
   * `replay` is for the history: the command that does it again.
   * @throws OrdealError where nothing was recorded.
   */
  conduct(context: RunContext, replay: string): Promise<void>;
}

export interface SuiteContext<C extends ClusterHandle> extends StepContext {
  cluster: C;
  recorder: Recorder;
}

/** A suite's run is a list of phases in order; each is a task that the live display shows. */
export interface Phase {
  name: string;
  run(): Promise<void>;
}

/** What `ordeal ablate` varies of a suite, and what it shows of each run. */
export interface Ablation {
  /** Resolved plans that differ in their remedies, in the order of the table. */
  variants(plan: Plan): { name: string; plan: Plan }[];
  columns: readonly { title: string; cell(history: History, verdict: Verdict): string }[];
  /** What the remedies do in pairs, where something independent can be counted of a run. */
  pairs?: Pairs;
}

export interface Pairs {
  /** None of the remedies, each alone, every two that go together, and all, in this order, each by the remedies that it has. */
  variants(plan: Plan): { remedies: readonly string[]; plan: Plan }[];
  /** What is counted, in plural, and of what. */
  counted: string;
  count(history: History): { failures: number; samples: number };
}

export interface Suite<C extends ClusterHandle = ClusterHandle> {
  name: string;
  title: string;
  /** Phases from installing the workload to the last recovery. Faults run inside them through the fault port. */
  phases(context: SuiteContext<C>): Phase[];
  /** The requirements at the plan's thresholds and level. Pure. */
  requirements(plan: Plan): Requirement[];
  /**
   * Ids of the faults that the plan schedules. One without a `fault.bit` true makes the verdict inconclusive, and so
   * does an empty list: a run that broke nothing certifies nothing.
   */
  scheduledFaults(plan: Plan): string[];
  /** What its own topology has its faults touch: named outright by the suite, for plans that say nothing else. */
  radius: SuiteRadius;
  /** What it would break by a resolved plan. Pure. */
  forecast(plan: Plan): Forecast;
  /**
   * Checks the suite's own part of a plan, filling in defaults.
   * @throws OrdealError PLAN_INVALID (exit 3) that names each path and what was expected.
   */
  resolve(plan: Plan): Plan;
  /** Requirements that the profile `incident` fails, every one, wherever the incident is there to be seen. */
  refusedFor: readonly string[];
  /** Left out: the suite has no remedies to vary. */
  ablation?: Ablation;
  /** What a report draws of a history: the suite's own lanes, beside the engine's phases and faults. Pure. */
  timeline(history: History): LaneGroup[];
  /**
   * What lies behind the figures of the requirements, for a comparison with another run of the same plan; a requirement
   * without any cannot be compared. Pure.
   */
  series(history: History, plan: Plan): Series[];
  /** A mocha spec file (absolute path) whose default export declares the suite over the checkers. */
  spec: string;
}

export interface ReportContext {
  verdict: Verdict;
  history: History;
  /** The lanes of the run's suites; throws where the history is too strange for one of them. */
  timeline(): LaneGroup[];
  /** What the run has to come out as, where it is a control. */
  expected?: Outcome;
  outDir: string;
  env: NodeJS.ProcessEnv;
  /** Where a terminal's report goes. */
  stdout: { write(text: string): unknown; isTTY?: boolean };
}

/** One of the controls of a run, and where its own report is. */
export interface ControlPlace {
  suite: string;
  profile: Profile;
  expected: Outcome;
  /** Below the folder of all of them. */
  folder: string;
  /** What came of it; absent where it was not run to its end. */
  control?: Control;
}

/** One file a format. A reporter that throws never hurts the run or the verdict. */
export interface Reporter {
  name: string;
  /** It speaks on `stdout`, and is left out where a run of several is not to be told there. */
  speaks?: true;
  /** Returns the paths it wrote. */
  report(context: ReportContext): Promise<string[]>;
}

/** Metrics of runs while they live, for whoever asks for them. */
export interface LiveMetrics {
  /** At which they can be had. */
  urls: readonly string[];
  follow(runId: string, history: History): void;
  /** Tells how a run ended. */
  reporter: Reporter;
  close(): Promise<void>;
}
