import type { Logger } from 'pino';
import type { Comparison } from '../comparison/comparison.ts';
import type { Decision } from '../gate/decision.ts';
import type { History } from '../history/event.ts';
import type { Plan } from '../plan/schema.ts';
import type {
  ClusterHandle,
  ControlPlace,
  LiveMetrics,
  Machine,
  Provider,
  Readiness,
  ReportContext,
  Reporter,
  RunContext,
  Suite,
} from '../run/ports.ts';
import type { SimulationPart } from '../simulation/plot.ts';
import type { Control } from '../verdict/exit-code.ts';
import type { Verdict } from '../verdict/verdict.ts';

export interface ImageOptions {
  kubernetes?: string;
  /** Whose node image; every provider's unless told. */
  cluster?: 'kind' | 'k3s';
  source?: 'registry' | 'local';
}

/** Image building, as the command line offers it. */
interface Images {
  /** Returns the names of the images. */
  build(options: ImageOptions & { progress(line: string): void }): Promise<string[]>;
  list(): Promise<{ name: string; bytes: number; current: boolean }[]>;
}

/** Signing of a run's folder, as the command line offers it. Keys are paths of PEM files. */
interface Attestation {
  /** Returns the path of what it wrote. */
  attest(dir: string, verdict: Verdict, keyPath: string): Promise<string>;
  predicate(dir: string, verdict: Verdict): Promise<unknown>;
  /** What is not as it was signed; empty where nothing is. */
  verifyAttestation(dir: string, keyPath: string): Promise<string[]>;
}

/** One fault by hand, as the command line offers it. */
export interface HandFault {
  kind: string;
  with: Record<string, unknown>;
  targets: readonly string[];
  ttlMs: number;
}

interface HeldFault {
  id: string;
  kind: string;
  held: boolean;
  byHand: boolean;
  pid: number;
  target?: string | undefined;
  deadlineWall?: number | undefined;
}

/** Faults, as the command line offers them. */
interface Faults {
  kinds: readonly { kind: string; title: string }[];
  /** @throws OrdealError (exit 3) before any cluster is asked. */
  check(wanted: HandFault, provider: string): void;
  /** @throws OrdealError (exit 3) where the cluster has no such target, before it is taken. */
  checkTargets(wanted: HandFault, cluster: ClusterHandle): void;
  /** Returns the history of it. */
  hold(wanted: HandFault, context: RunContext, cluster: ClusterHandle): Promise<History>;
  /** What the journal lists. */
  held(): HeldFault[];
}

/** A past run, for a model to be compared with. */
export interface RecordedRun {
  dir: string;
  plan: Plan;
  history: History;
}

/** A model of life on virtual time, as the command line offers it. */
interface Simulator {
  /** What it would assume with these overrides `path=value`. */
  parameters(set: readonly string[]): unknown;
  /**
   * What follows from the parameters, for machines and for a person. `only`: parts of the names of what is wanted.
   * @throws OrdealError (exit 3) for parameters that cannot be.
   */
  run(
    wanted: { set: readonly string[]; only: readonly string[]; runs: readonly RecordedRun[] },
    progress: (line: string) => void,
  ): { document: { evidence: 'modelled' }; text: string; part: SimulationPart };
}

/** Clusters that are someone's, as the command line offers them. */
interface Existing {
  /** Allows a context's cluster to be broken on purpose; returns what it is. */
  allow(context: string, kubeconfig: string | undefined): Promise<string>;
  /** What a context's cluster would say to a run, and the role that is missing there. */
  examine(options: {
    context: string;
    kubeconfig: string | undefined;
    image: string | undefined;
    inCluster: boolean;
  }): Promise<{ checks: Readiness[]; role: string | undefined }>;
}

/** A row of the failure catalogue, as the command line shows it. */
export interface CatalogueRow {
  id: string;
  title: string;
  mechanics: string;
  /** `owner/name#number` each. */
  references: readonly string[];
  /** Versions in which it was seen. */
  affected: string;
  /** Known upstream failures, with the versions that they are known of. */
  known: readonly { issue: string; versions: readonly { from?: string; before?: string }[] }[];
  /** Capabilities of a cluster. */
  needs: readonly string[];
  invariant: string;
  /** Whether `ordeal run --scenario` runs it. */
  built: boolean;
  /** What holds it, in a line. */
  heldBy: string;
}

/** The failure catalogue, as the command line offers it. */
interface Scenarios {
  /** The suite that runs rows; what runs unless told otherwise is the others. */
  suite: string;
  rows(): Promise<readonly CatalogueRow[]>;
}

/** All that the command line is composed of; each is loaded by the command that needs it, so that help is quick. */
export interface Parts {
  version: string;
  providers: Record<string, () => Promise<Provider<ClusterHandle>>>;
  suites: Record<string, () => Promise<Suite<ClusterHandle>>>;
  scenarios: Scenarios;
  reporters(): Promise<readonly Reporter[]>;
  reportAll(
    reporters: readonly Reporter[],
    context: ReportContext,
    log: Pick<Logger, 'error'>,
  ): Promise<{ failed: { reporter: string; error: string }[] }>;
  /** Serves and pushes what `--metrics` names. @throws OrdealError (exit 3 or 4) where that cannot be. */
  metrics(targets: readonly string[]): Promise<LiveMetrics>;
  /**
   * Makes Allure's pages of the results in a run's folder, with what the folder `history` keeps from run to run; says where
   * they are and what made them.
   */
  generateAllure(outDir: string, options: { history?: string }): Promise<string>;
  reportControls(controls: readonly Control[]): Promise<void>;
  /** Writes the page that leads to the reports of several controls, a lane a suite, into the folder of all of them. */
  writeIndex(outDir: string, lanes: readonly (readonly ControlPlace[])[]): Promise<string>;
  /** Shows a gate's decision; `quiet` leaves standard output to its JSON. */
  reportGate(decision: Decision, quiet: boolean): Promise<void>;
  /** Writes a comparison into a folder in every format, and shows it; returns the paths of what it wrote. */
  reportComparison(comparison: Comparison, outDir: string): Promise<string[]>;
  attestation(): Promise<Attestation>;
  /** What each isolation of edge networks needs of this machine, by name. */
  isolations(): Promise<Readonly<Record<string, () => Promise<Readiness[]>>>>;
  /**
   * How to bring up the machine of its own that a plan is to run on; undefined where it runs on this one.
   * @throws OrdealError (exit 4) where this machine cannot hold it, before anything is touched.
   */
  machineFor(plan: Plan): Promise<((context: RunContext) => Promise<Machine>) | undefined>;
  existing(): Promise<Existing>;
  images(): Promise<Images>;
  /** By the suite whose life it models. */
  simulators: Record<string, () => Promise<Simulator>>;
  /** One page of HTML that needs nothing else. */
  simulationPage(parts: readonly SimulationPart[]): Promise<string>;
  faults(): Promise<Faults>;
  /** Removes network labs whose process is gone; names what it did. */
  sweepNetworks(): Promise<string[]>;
  /** Heals what the journal of faults still lists; names what it did. */
  healJournal(): Promise<string[]>;
}
