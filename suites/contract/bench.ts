import { ApiException, type CoreV1Event, type V1Pod } from '@kubernetes/client-node';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { onlyOn } from '../node-affinity.ts';
import { until } from './until.ts';

/** Prefix of every resource name that this suite registers. */
export const RESOURCE_PREFIX = 'contract.ordeal.dev/';

const EVENT_DEADLINE_MS = 30_000;

/** A script's last line that keeps a container running until it is told to end. */
export const HOLD = "trap 'exit 0' TERM; sleep 600 & wait $!";

/**
 * Takes its time to end once it is told to, so that what holds meanwhile can be seen; that it would, it says: a container
 * runs before its shell has set the trap.
 */
export const LASTING = "trap 'sleep 3; exit 0' TERM; echo trapped; while :; do sleep 0.1; done";
export const LASTING_GRACE_S = 60;

/** What a pod calls its claim. */
const CLAIM = 'device';

/** A pod as a case describes it; everything else is the same for all. */
export interface PodShape {
  name: string;
  /** A POSIX shell script; holds until ended when left out. */
  script?: string;
  /** Extended resource and how many of it the main container asks for. */
  devices?: [resource: string, count: number];
  /** An init container with a script and devices of its own. */
  init?: { script: string; devices?: [resource: string, count: number] };
  /** A second main container. */
  sidekick?: { script: string; devices?: [resource: string, count: number] };
  nodeName?: string;
  /** Left to the scheduler, by their hostnames. */
  onNodes?: string[];
  restartPolicy?: 'Never' | 'OnFailure' | 'Always';
  labels?: Record<string, string>;
  /** CPU request, as a quantity. */
  cpu?: string;
  graceSeconds?: number;
  env?: NonNullable<NonNullable<V1Pod['spec']>['containers'][number]['env']>;
  ports?: NonNullable<Container['ports']>;
  probes?: Pick<Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe'>;
  /** Of a ConfigMap or of the node's path, read-only; without one an emptyDir. */
  volumes?: { name: string; configMap?: string; hostPath?: string; mountPath: string }[];
  /** Of a ResourceClaimTemplate: the main container has the claim that is made of it. */
  claimTemplate?: string;
}

type Container = NonNullable<V1Pod['spec']>['containers'][number];

/** Pods of one namespace: making them, waiting for what becomes of them, reading what they said. */
export class Bench {
  readonly kube: Kube;
  readonly namespace: string;
  readonly image: string;
  readonly deadlineMs: number;

  constructor(kube: Kube, namespace: string, image: string, deadlineMs: number) {
    this.kube = kube;
    this.namespace = namespace;
    this.image = image;
    this.deadlineMs = deadlineMs;
  }

  container(
    name: string,
    script: string,
    devices: [string, number] | undefined,
    shape: Partial<PodShape>,
  ): Container {
    const mounts = (shape.volumes ?? []).map(({ name: volume, configMap, hostPath, mountPath }) => ({
      name: volume,
      mountPath,
      readOnly: configMap !== undefined || hostPath !== undefined,
    }));
    return {
      name,
      image: this.image,
      imagePullPolicy: 'IfNotPresent',
      command: ['sh', '-c', script],
      resources: {
        ...(devices ? { limits: { [devices[0]]: String(devices[1]) } } : {}),
        ...(shape.cpu ? { requests: { cpu: shape.cpu } } : {}),
        ...(shape.claimTemplate ? { claims: [{ name: CLAIM }] } : {}),
      },
      ...(shape.env ? { env: shape.env } : {}),
      ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
      ...(shape.ports ? { ports: shape.ports } : {}),
      ...shape.probes,
    };
  }

  pod(shape: PodShape): V1Pod {
    const { init, sidekick } = shape;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: shape.name,
        namespace: this.namespace,
        ...(shape.labels ? { labels: shape.labels } : {}),
      },
      spec: {
        restartPolicy: shape.restartPolicy ?? 'Never',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: shape.graceSeconds ?? 1,
        ...(shape.nodeName ? { nodeName: shape.nodeName } : {}),
        ...(shape.onNodes ? { affinity: onlyOn(shape.onNodes) } : {}),
        ...(init ? { initContainers: [this.container('init', init.script, init.devices, {})] } : {}),
        containers: [
          this.container('main', shape.script ?? HOLD, shape.devices, shape),
          ...(sidekick ? [this.container('sidekick', sidekick.script, sidekick.devices, {})] : []),
        ],
        ...(shape.volumes
          ? {
              volumes: shape.volumes.map(({ name, configMap, hostPath }) => {
                if (hostPath !== undefined) return { name, hostPath: { path: hostPath } };
                return configMap === undefined
                  ? { name, emptyDir: {} }
                  : { name, configMap: { name: configMap } };
              }),
            }
          : {}),
        ...(shape.claimTemplate
          ? { resourceClaims: [{ name: CLAIM, resourceClaimTemplateName: shape.claimTemplate }] }
          : {}),
      },
    };
  }

  /** Creates the pod; a namespace without its service account yet is waited for. */
  async create(shape: PodShape): Promise<V1Pod> {
    return await waitFor(
      async () => {
        try {
          return await this.kube.core.createNamespacedPod({
            namespace: this.namespace,
            body: this.pod(shape),
          });
        } catch (error) {
          if (statusOf(error) === 403 && /service account/i.test(bodyOf(error))) return undefined;
          throw error;
        }
      },
      { what: `pod ${shape.name} accepted`, deadlineMs: this.deadlineMs },
    );
  }

  async get(name: string): Promise<V1Pod> {
    return await this.kube.core.readNamespacedPod({ namespace: this.namespace, name });
  }

  /** Looks at a pod until `probe` is content. */
  async until(name: string, what: string, probe: (pod: V1Pod) => boolean, deadlineMs = this.deadlineMs) {
    return await until(() => this.get(name), `pod ${name} ${what}`, probe, { deadlineMs, seen: summaryOf });
  }

  /** Waits for a phase; fails at once on a final phase that is another one. */
  async phase(name: string, phase: string, deadlineMs = this.deadlineMs): Promise<V1Pod> {
    const pod = await this.until(
      name,
      phase,
      ({ status }) => status?.phase === phase || status?.phase === 'Failed' || status?.phase === 'Succeeded',
      deadlineMs,
    );
    if (pod.status?.phase !== phase) {
      throw new Error(`pod ${name} is to become ${phase} and is ${summaryOf(pod)}`);
    }
    return pod;
  }

  /** Running with every main container started. */
  async running(name: string, deadlineMs = this.deadlineMs): Promise<V1Pod> {
    await this.phase(name, 'Running', deadlineMs);
    return await this.until(
      name,
      'with every container running',
      ({ status }) => (status?.containerStatuses ?? []).every(({ state }) => state?.running !== undefined),
      deadlineMs,
    );
  }

  /** Creates and waits for Succeeded, then returns the main container's log. */
  async finish(shape: PodShape): Promise<string> {
    await this.create(shape);
    await this.phase(shape.name, 'Succeeded');
    return await this.log(shape.name);
  }

  async log(name: string, container = 'main'): Promise<string> {
    try {
      return await this.kube.core.readNamespacedPodLog({ namespace: this.namespace, name, container });
    } catch (error) {
      // An API server gives an empty log no Content-Type, and the client library cannot read that.
      if (String(error).includes('No Content-Type defined')) return '';
      throw error;
    }
  }

  /** Looks at a running container's log until it holds `text`. */
  async said(name: string, text: string, container = 'main'): Promise<string> {
    let last = '';
    return await waitFor(
      async () => {
        last = await this.#logSoFar(name, container);
        return last.includes(text) ? last : undefined;
      },
      { what: `"${text}" in the log of ${name}`, deadlineMs: this.deadlineMs, seen: () => last },
    );
  }

  /** Empty where the container has not started (400) or its kubelet has not met the pod (404). */
  async #logSoFar(name: string, container: string): Promise<string> {
    try {
      return await this.log(name, container);
    } catch (error) {
      if (statusOf(error) === 400 || statusOf(error) === 404) return '';
      throw error;
    }
  }

  /** When a log line was written: wall milliseconds by the container runtime's stamp. */
  async saidAt(name: string, text: string): Promise<number> {
    await this.said(name, text);
    const log = await this.kube.core.readNamespacedPodLog({
      namespace: this.namespace,
      name,
      container: 'main',
      timestamps: true,
    });
    const line = log.split('\n').find((candidate) => candidate.includes(text));
    return Date.parse((line ?? '').split(' ')[0] ?? '');
  }

  /** Events of one pod with a reason, once there is one that tells what is looked for: they may lag behind its status. */
  async events(pod: string, reason: string, tells = /^/): Promise<CoreV1Event[]> {
    const fieldSelector = `involvedObject.name=${pod},reason=${reason}`;
    const { items } = await until(
      async () => await this.kube.core.listNamespacedEvent({ namespace: this.namespace, fieldSelector }),
      `an event ${reason} of pod ${pod}`,
      ({ items: found }) => found.some(({ message }) => tells.test(message ?? '')),
      {
        deadlineMs: EVENT_DEADLINE_MS,
        seen: (last) => JSON.stringify(last?.items.map(({ message }) => message)),
      },
    );
    return items;
  }

  /** Asks for deletion and waits until the pods are gone from the API. */
  async remove(...names: string[]): Promise<void> {
    await Promise.all(names.map(async (name) => await this.ask(name)));
    await Promise.all(names.map(async (name) => await this.gone(name)));
  }

  async ask(name: string, gracePeriodSeconds = 1): Promise<void> {
    await this.kube.core.deleteNamespacedPod({ namespace: this.namespace, name, gracePeriodSeconds });
  }

  async gone(name: string): Promise<void> {
    await waitFor(async () => (await absent(() => this.get(name))) || undefined, {
      what: `pod ${name} gone`,
      deadlineMs: this.deadlineMs,
    });
  }
}

/** What a failed wait shows of a pod: phase, reason, and the state of each container. */
function summaryOf(pod: V1Pod | undefined): string {
  const { phase, reason, message, initContainerStatuses, containerStatuses } = pod?.status ?? {};
  const states = [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])].map(
    ({ name, restartCount, state }) => ({ name, restartCount, state }),
  );
  return JSON.stringify({ phase, reason, message, states });
}

/** The HTTP status of an API failure; rethrows whatever is none. */
function statusOf(error: unknown): number {
  if (error instanceof ApiException) return error.code;
  throw error;
}

/** The body of an API failure as text. */
function bodyOf(error: unknown): string {
  if (!(error instanceof ApiException)) throw error;
  return typeof error.body === 'string' ? error.body : JSON.stringify(error.body);
}

/** The failure that a request has to end in. */
export async function refused(request: Promise<unknown>): Promise<{ status: number; body: string }> {
  try {
    await request;
  } catch (error) {
    return { status: statusOf(error), body: bodyOf(error) };
  }
  throw new Error('the API accepted what it has to refuse');
}

/** Whether a read answers 404. */
export async function absent(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return false;
  } catch (error) {
    if (statusOf(error) === 404) return true;
    throw error;
  }
}
