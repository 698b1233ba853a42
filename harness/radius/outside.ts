import { few } from '../errors/words.ts';
import type { Mistake } from '../plan/document.ts';
import type { Radius, Reach, Surroundings } from './reach.ts';

/** Kubernetes and OpenShift keep these prefixes for themselves; the others are where platforms put what runs the cluster. */
const SYSTEM_NAMESPACE = /^(kube-.*|openshift-.*|.*-system|gpu-operator|local-path-storage)$/;

/** The field of the plan that allows a share of the cluster's nodes. */
export const SHARE = 'radius.nodes.share';

/**
 * What of a fault lies outside of the blast radius, each with the field of the plan that would have to name it; empty where
 * nothing does. Pure. What has no name, and a fault that selects nothing, are outside.
 */
export function outside(reach: Reach, radius: Radius, around: Surroundings): Mistake[] {
  return [
    ...selection(reach),
    ...nodesOutside(reach, radius, around),
    ...interfacesOutside(reach, radius),
    ...namespacesOutside(reach, radius),
    ...reach.resources
      .filter((name) => !radius.resources.includes(name))
      .map((name) => ({ path: 'radius.resources', message: `${name} is not in the blast radius` })),
    ...hostNetworkOutside(radius, around),
    ...overCap(reach, radius, around),
  ];
}

function selection({ interfaces, namespaces, nodes, resources, hostTraffic }: Reach): Mistake[] {
  const names = [
    ...nodes,
    ...hostTraffic,
    ...namespaces,
    ...resources,
    ...interfaces.flatMap(({ device, node }) => [node, device]),
  ];
  if (names.length === 0) return [{ path: 'radius', message: 'it selects nothing' }];
  return names.includes('') ? [{ path: 'radius', message: 'it selects something without a name' }] : [];
}

function nodesOutside(reach: Reach, radius: Radius, { nodes }: Surroundings): Mistake[] {
  const known = (name: string) => nodes.find((node) => node.name === name);
  const touched = new Set([
    ...reach.nodes,
    ...reach.hostTraffic,
    ...reach.interfaces.flatMap(({ node }) => (known(node) ? [node] : [])),
  ]);
  return [...touched]
    .filter((name) => !radius.nodes.includes(name))
    .map((name) => {
      const role = known(name)?.role;
      const what = role === 'control-plane' ? 'a node of the control plane' : 'not in the blast radius';
      return { path: 'radius.nodes', message: `node ${name} is ${what}, and is not named outright` };
    });
}

function interfacesOutside({ interfaces }: Reach, radius: Radius): Mistake[] {
  return interfaces
    .filter(
      ({ device, node }) =>
        !radius.interfaces.some(
          (allowed) => allowed.device === device && (allowed.node === undefined || allowed.node === node),
        ),
    )
    .map(({ device, node }) => ({
      path: 'radius.interfaces',
      message: `interface ${device} of ${node} is not in the blast radius`,
    }));
}

function namespacesOutside({ namespaces }: Reach, radius: Radius): Mistake[] {
  return namespaces
    .filter((name) => !radius.namespaces.includes(name))
    .map((name) => {
      const what = SYSTEM_NAMESPACE.test(name) ? 'of the system' : 'not in the blast radius';
      return {
        path: 'radius.namespaces',
        message: `namespace ${name} is ${what}, and is not named outright`,
      };
    });
}

function hostNetworkOutside({ hostNetwork }: Radius, { hostNetworkPods: pods }: Surroundings): Mistake[] {
  if (hostNetwork || pods.length === 0) return [];
  const named = pods.map(({ name, namespace, node }) => `${namespace}/${name} on ${node}`);
  return [
    {
      path: 'radius.hostNetwork',
      message: `it gets at the traffic of pods with hostNetwork: ${few(named)}`,
    },
  ];
}

function overCap(reach: Reach, { mostNodes, mostShare }: Radius, { held, nodes }: Surroundings): Mistake[] {
  const touched = new Set([...held, reach].flatMap((each) => [...each.nodes, ...each.hostTraffic]));
  if (touched.size === 0) return [];
  // Of a cluster whose nodes are unknown it may be all.
  const share = nodes.length === 0 ? 100 : (100 * touched.size) / nodes.length;
  const all = few([...touched]);
  return [
    ...(touched.size > mostNodes
      ? [
          {
            path: 'radius.nodes.most',
            message: `${touched.size} nodes at once (${all}) are more than ${mostNodes}`,
          },
        ]
      : []),
    ...(share > mostShare
      ? [
          {
            path: SHARE,
            message: `${touched.size} of ${nodes.length} nodes at once (${all}) are ${Math.round(share)} %, more than ${mostShare} %`,
          },
        ]
      : []),
  ];
}
