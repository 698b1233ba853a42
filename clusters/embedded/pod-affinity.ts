import { type LabelSelector, selects } from './label-selector.ts';
import type { KubeObject } from './store.ts';

interface Term {
  labelSelector?: LabelSelector;
  /** The pod's own when it names none. */
  namespaces?: string[];
  topologyKey: string;
}

/** What decides whom a pod can be near: whose it is, and whom it may not share a topology domain with. */
export interface Neighbour {
  namespace: string;
  labels: Record<string, string>;
  repels: Term[];
}

/** A neighbour where it is, by the labels of its node. */
export interface Settled {
  neighbour: Neighbour;
  nodeLabels: Record<string, string>;
}

export const REPELLED = "node(s) didn't match pod anti-affinity rules";
const REPELLING = "node(s) didn't satisfy existing pods anti-affinity rules";

export function neighbourOf({ metadata, spec }: KubeObject): Neighbour {
  return {
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    repels: spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
  };
}

/** A topology domain: the nodes with this value of this label. */
export interface Domain {
  key: string;
  value: string;
  reason: string;
}

/** Domains that are closed to a pod: by its own anti-affinity, or by that of those who are there. */
export function closedDomains(pod: Neighbour, settled: Iterable<Settled>): Domain[] {
  const closed: Domain[] = [];
  for (const { neighbour, nodeLabels } of settled) {
    const close = (terms: Term[], from: Neighbour, against: Neighbour, reason: string) => {
      for (const term of terms) {
        const value = nodeLabels[term.topologyKey];
        if (value !== undefined && concerns(term, from, against))
          closed.push({ key: term.topologyKey, value, reason });
      }
    };
    close(pod.repels, pod, neighbour, REPELLED);
    close(neighbour.repels, neighbour, pod, REPELLING);
  }
  return closed;
}

function concerns({ labelSelector, namespaces }: Term, from: Neighbour, other: Neighbour): boolean {
  const named = namespaces?.length ? namespaces : [from.namespace];
  return named.includes(other.namespace) && selects(labelSelector, other.labels);
}
