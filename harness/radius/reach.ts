/** What a fault touches and what it may touch, in one vocabulary: names of nodes, interfaces, namespaces and resources. */

export interface NodeInterface {
  /** Of the node, or `cloud` where that is no node of the cluster. */
  node: string;
  device: string;
}

/** All that a fault may change while it is held, told before anything is asked of its target. */
export interface Reach {
  /** Nodes whose kernel, files or programs it changes. */
  nodes: readonly string[];
  interfaces: readonly NodeInterface[];
  namespaces: readonly string[];
  /** Extended resources, kinds of objects, and programs of the harness's own: `nvidia.com/gpu`, `jobs`, `broker`. */
  resources: readonly string[];
  /** Nodes whose own traffic it gets at, and with it that of their pods with hostNetwork. */
  hostTraffic: readonly string[];
}

/** A blast radius on a cluster that is there: what may be touched, by name. */
export interface Radius {
  nodes: readonly string[];
  /** Nodes that may be touched at once, by all faults that are held together: so many, … */
  mostNodes: number;
  /** … and so much of the cluster’s nodes, in percent. */
  mostShare: number;
  /** Without a node: the device of that name on any node. */
  interfaces: readonly (Omit<NodeInterface, 'node'> & { node?: string | undefined })[];
  namespaces: readonly string[];
  resources: readonly string[];
  /** Whether traffic of pods with hostNetwork may be touched. */
  hostNetwork: boolean;
}

/** What the cluster has, as far as a judgement needs it. */
export interface Surroundings {
  nodes: readonly { name: string; role: 'control-plane' | 'worker' }[];
  /** Pods with hostNetwork on the nodes whose traffic the fault gets at. */
  hostNetworkPods: readonly { namespace: string; name: string; node: string }[];
  /** Of the faults that are held already. */
  held: readonly Reach[];
}

/** With all that is left out empty. */
export function reach(wanted: Partial<Reach>): Reach {
  return { nodes: [], interfaces: [], namespaces: [], resources: [], hostTraffic: [], ...wanted };
}
