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
  visible: string[];
  allocation: string;
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
  'watch.trouble': { what: string };
}
