/** The provider port: what a cluster is to faults and suites, whoever brought it up. */
import type { ClusterHandle, StepContext } from '../harness/run/ports.ts';
import type { EdgeNetwork, FoundLink } from './network/port.ts';
import type { ProxySite } from './plugin-proxy/site.ts';

/** What a provider may be unable to do; a requirement that needs a missing one is inconclusive with that reason. */
export type Capability =
  /** `ClusterNode.kubeletDirs` is there: sockets of device plugins and PodResources can be reached from the harness. */
  | 'plugin-sockets'
  /** `ClusterNode.kubeletDirs.pluginsRegistry` is there, and resource.k8s.io/v1: Kubernetes 1.34. */
  | 'resource-claims'
  | 'restart-kubelet'
  /** `ClusterNode.power` is there: a node can be switched off and on. */
  | 'power-cycle'
  /** `ClusterNode.exec` works: a command in the node's own namespaces. */
  | 'toolbox'
  /** Node agents run as a DaemonSet from an image; without it they run as processes beside the kubelets. */
  | 'daemonset-agents';

interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface ClusterNode {
  name: string;
  role: 'control-plane' | 'worker';
  /**
   * The node's `/var/lib/ordeal`, as a path on this machine: where the fake GPU node keeps its ledger and takes its
   * settings (see gpu-node/layout.ts). Undefined where the node's files are out of reach.
   */
  stateDir: string | undefined;
  /** The kubelet's folders as paths on this machine; undefined without the capability `plugin-sockets`. */
  kubeletDirs: { devicePlugins: string; podResources: string; pluginsRegistry?: string } | undefined;
  /** Where a proxy in front of a resource's plugin would stand; only where the kubelet's folders are out of reach from here. */
  proxySite?: (resource: string) => ProxySite;
  /** Runs an argument array in the node's namespaces (never a shell string). Capability `toolbox`. */
  exec(argv: readonly string[], options?: { timeoutMs?: number; input?: string }): Promise<ExecResult>;
  /** Restarts the kubelet and returns once it was told to; readiness is the caller's to await. */
  restartKubelet(): Promise<void>;
  /**
   * Switches the node off, which ends whatever runs on it and leaves its disk, and on again; each is nothing where it is so
   * already. Undefined without the capability `power-cycle`, and on a control plane whose API would go with it.
   */
  power?: {
    off(): Promise<void>;
    on(): Promise<void>;
    /** Of a node that stays off should the harness be killed: how a command on this machine sees that, and switches it on. */
    orders?: { look: readonly string[]; down: string; on: readonly string[] };
  };
}

/** How far a node's wall clock is ahead of the harness's, in ms, at the least and at the most; or why nobody knows. */
export type NodeClock = { node: string } & (
  | { fromMs: number; toMs: number; trips: number }
  | { unseen: string }
);

export interface GpuNodePods {
  namespace: string;
  /** Of labels. */
  selector: string;
  /** Of their exporters, which are at `/metrics`. */
  port: number;
}

/** What brings the nodes of a cluster to another version of Kubernetes, one way. */
export interface ClusterUpgrade {
  /** Without a leading v. */
  to: string;
  /**
   * Gives a node the version's programs: those of the control plane where it is one, then its kubelet, which it tells to
   * start anew; readiness is the caller's to await. Done again it does no harm.
   */
  swap(node: Pick<ClusterNode, 'name' | 'role'>): Promise<void>;
  /** kubectl on this machine, with the rights of an administrator: for whoever uncordons should the harness be killed. */
  kubectl: readonly string[];
}

export interface Cluster extends ClusterHandle {
  nodes: ClusterNode[];
  /** Nodes of someone's cluster that are not worked on; they count where a share of its nodes is capped. */
  spared?: readonly Pick<ClusterNode, 'name' | 'role'>[];
  capabilities: ReadonlySet<Capability>;
  /** The image that workload pods name: holds the shell and tools that the probe needs. */
  workloadImage: string;
  /** What the cluster's admission wants to see on the namespaces of workloads; nothing where it is left out. */
  namespaceLabels?: Readonly<Record<string, string>>;
  /**
   * Starts the fake GPU node on every worker: a process beside embedded kubelets, a DaemonSet elsewhere.
   * @param watch the resource of a vendor's plugin: nothing is faked then, only what PodResources says of it is followed
   */
  startGpuNodes(watch?: string): Promise<void>;
  stopGpuNodes(): Promise<void>;
  /** Whether fake GPU nodes end: their devices are listed still. Left out where nobody sees those of another harness. */
  gpuNodesEnd?(): Promise<boolean>;
  /** The pods of fake GPU nodes, one a node, each with an exporter where one is asked for; left out where they are no pods. */
  gpuNodePods?: GpuNodePods;
  /** The address by which pods reach this machine. Left out where it is loopback, or nobody knows of one. */
  machineAddress?(): Promise<string>;
  /** The clocks of the nodes that `startGpuNodes` has started on. Left out where they have the harness's: one kernel. */
  clocks?(): Promise<NodeClock[]>;
  /** Left out where the plan asks for no upgrade, or nothing can make one. */
  upgrade?: ClusterUpgrade;
  /**
   * The links of these worker nodes to the control plane's, which is the cloud; registers its undo on the context before it
   * acts. Left out where the cluster has no network of its own for that.
   */
  edgeNetwork?(context: StepContext, nodes: readonly string[]): Promise<EdgeNetwork>;
  /**
   * The ways that these nodes have to another one of the cluster, which is taken for the cloud; registers its undo on the
   * context before it acts. Of a cluster that is someone’s: nothing is laid there.
   */
  foundNetwork?(context: StepContext, nodes: readonly string[]): Promise<EdgeNetwork<FoundLink>>;
}
