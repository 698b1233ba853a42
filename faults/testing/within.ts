import type { Radius, Reach } from '../../harness/radius/reach.ts';

/** A radius that holds what these faults touch, and nothing else. */
export function within(...faults: readonly { reach: Reach }[]): Radius {
  const all = <Key extends keyof Reach>(key: Key) =>
    faults.flatMap(({ reach }) => reach[key] as Reach[Key][number][]);
  const nodes = [...all('nodes'), ...all('hostTraffic')] as string[];
  return {
    nodes,
    mostNodes: new Set(nodes).size,
    mostShare: 100,
    interfaces: all('interfaces'),
    namespaces: all('namespaces') as string[],
    resources: all('resources') as string[],
    hostNetwork: true,
  };
}
