import { LedgerLine } from '../../clusters/gpu-node/ledger.ts';

/** What this suite records besides the nodes' ledgers. */
export interface PodSeen {
  uid: string;
  namespace: string;
  name: string;
  node: string | null;
  job: string | null;
  /** A pod of the CPU-only companions. */
  bystander: boolean;
  phase: string;
  reason: string | null;
  /** Wall ms, to the second. */
  createdAt: number;
  deleting: boolean;
  gone: boolean;
  gpus: number;
  containers: ContainerSeen[];
}

interface ContainerSeen {
  name: string;
  restartCount: number;
  /** It is running, or it ran. */
  started: boolean;
  finished: boolean;
  exitCode: number | null;
  waiting: string | null;
}

/** One look of a container at its GPUs. */
export interface ProbeSeen {
  podUid: string;
  pod: string;
  namespace: string;
  container: string;
  attempt: number;
  /** Wall ms by the container runtime's stamp. */
  at: number;
  n: number;
  exit: number;
  usable: string[];
  /** UUIDs, bare, of the devices that a CUDA driver let it work with; null where it had none to ask, and in older runs. */
  worked?: string[] | null;
  /**
   * GPUs that each framework of the image found, null without it, asked once after the first look; null before that, where
   * there was nothing to ask by, and left out in older runs.
   */
  frameworks?: Readonly<Record<string, number | null>> | null;
  visible: string[];
  allocation: string;
}

/** A container of the run’s namespace that holds a device, by what an exporter says. */
export interface Claim {
  device: string;
  pod: string;
  container: string;
}

/** One look at what a node’s exporter says. */
export interface Scrape {
  node: string;
  /** The harness’s monotonic clock, as the request went out and as the whole answer was there. */
  sentMono: number;
  receivedMono: number;
  /** Wall ms of the node, cut to the second, as its answer’s Date has it; null where it has none. */
  date: number | null;
  claims: Claim[];
  /** Parts of devices that are said to be held: by the name of a part no container can be asked. */
  parts: number;
}

export interface SuiteEvents {
  'pod.seen': PodSeen;
  'gpu.probe': ProbeSeen;
  /** A started container whose log could not be read. */
  'gpu.log-unreadable': { podUid: string; pod: string; reason: string };
  /** A CPU-only companion's first act. */
  'bystander.started': { podUid: string; at: number };
  'job.created': { job: string; at: number; replicas: number; phase: string };
  'node.allocatable': { node: string; resource: string; allocatable: number };
  'quota.seen': { namespace: string; hard: number; used: number };
  'quota.absent': { namespace: string };
  'restart.went': { node: string };
  /** A pod allocated after the restart. `works`: its GPUs were usable at its first look. */
  'restart.fresh': { node: string; works: boolean; detail: string };
  'recovery.seen': { node: string; allocatable: number; expected: number };
  /** A Job whose pods hold their GPUs from here on, … */
  'standing.began': { job: string };
  /** … and are ended from here on. */
  'standing.ended': { job: string };
  'exporter.scraped': Scrape;
  /** It was asked, and what it said is not known. */
  'exporter.unread': { node: string; sentMono: number; receivedMono: number; reason: string };
  /** Nobody knows where to ask. */
  'exporter.absent': { node: string; reason: string };
  /** `missed`: what became of pods in between was not told; left out where nothing was. */
  'watch.trouble': { what: string; missed?: true };
}

/** How a GPU node's ledger comes: other programs on a node have ledgers as well, by clocks that begin at other times. */
export const LEDGER_TYPES: ReadonlySet<string> = new Set(
  LedgerLine.options.map(({ shape }) => `ledger.${shape.type.value}`),
);
