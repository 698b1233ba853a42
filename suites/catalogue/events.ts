import type { Isolation } from '../../clusters/network/port.ts';
import type { HistoryEvent } from '../../harness/history/event.ts';
import type { Evidence } from '../../harness/verdict/verdict.ts';

/** What this suite records. Each body names the row that it is about: several may be in one history. */
export interface PodLook {
  scenario: string;
  /** What the pod is there for. */
  pod: string;
  /** Absent where the API has no such pod any more. */
  uid?: string;
  phase: string;
  reason: string;
  message: string;
  containerId?: string;
  restarts: number;
  /** Every container runs. */
  running: boolean;
}

export interface CatalogueEvents {
  'scenario.started': { scenario: string; node: string; resource: string; devices: number };
  /** It did not come to its end, and what it would have shown is not known. */
  'scenario.broke': { scenario: string; reason: string };
  'scenario.ended': { scenario: string };
  /** What a plugin of the harness's own did: `registered`, `register-failed`, `stopped`, or a call's method. */
  'plugin.did': {
    scenario: string;
    plugin: string;
    what: string;
    moment: 'asked' | 'over';
    devices?: string[];
    by?: string;
    detail?: string;
  };
  'allocatable.seen': { scenario: string; allocatable: number; openStreams: number };
  'pod.looked': PodLook;
  /** A container's look at its devices; `at`: wall ms by the runtime's stamp, `n`: its how-manieth since its start. */
  'work.seen': {
    scenario: string;
    pod: string;
    at: number;
    n: number;
    usable: string[];
    /** What it was told that it has. */
    visible: string[];
  };
  /** A container that has started, and whose log could not be read. */
  'work.unread': { scenario: string; pod: string; reason: string };
  /** What a container got out of every device that it sees. */
  'work.done': { scenario: string; pod: string; listed: string[]; worked: string[] };
  /** The moment before so many pods with a device each are asked for, each of which is replaced where it fails. */
  'workers.asked': { scenario: string; workers: number };
  /** What the gate said of the node. */
  'gate.said': { scenario: string; ready: boolean; detail: string };
  /** The moment before a pod that asks for no device is created. */
  'bystander.asked': { scenario: string; pod: string };
  /** The moment before a pod that asks for all devices is created. */
  'devices.asked': { scenario: string; pod: string; devices: number };
  /** `process`: what tells the kubelet from the one before it; left out where it has no socket. `answers`: on that socket. */
  'kubelet.looked': { scenario: string; process?: string; answers: boolean };
  /** The vxlan of a link is there, and answers. */
  'overlay.up': {
    scenario: string;
    isolation: Isolation;
    evidence: Evidence;
    versions: Record<string, string>;
  };
  /** Whether the cloud answered through it; InCsumErrors of the cloud's kernel, which only grows. */
  'overlay.looked': { scenario: string; reached: boolean; inCsumErrors: number };
  /** What a DRA driver does for a claim of a pod, by their UIDs: `asked` by the kubelet, and `over` when it is answered. */
  'claim.prepared': {
    scenario: string;
    claim: string;
    pod: string;
    devices: string[];
    moment: 'asked' | 'over';
  };
  /** Every claim that has devices, by the API. */
  'claims.seen': { scenario: string; claims: { claim: string; pods: string[]; devices: string[] }[] };
  /** By how much binding is to take longer, and how long a container took from its claim's preparation to its first look. */
  'claims.delayed': { scenario: string; startMs: number; delayMs: number };
  /** Names of the pods that PodResources lists with devices of the resource. */
  'podresources.listed': { scenario: string; pods: string[] };
  'podresources.unlisted': { scenario: string; reason: string };
}

/** Puts what a scenario sees or does into the history. */
export type Note = <Type extends keyof CatalogueEvents>(
  type: Type,
  body: Omit<CatalogueEvents[Type], 'scenario'>,
) => HistoryEvent;
