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
  /** The moment before a pod that asks for no device is created. */
  'bystander.asked': { scenario: string; pod: string };
  /** The moment before a pod that asks for all devices is created. */
  'devices.asked': { scenario: string; pod: string; devices: number };
  /** Names of the pods that PodResources lists with devices of the resource. */
  'podresources.listed': { scenario: string; pods: string[] };
  'podresources.unlisted': { scenario: string; reason: string };
}
