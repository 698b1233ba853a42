import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { freePort } from '../../../../harness/exec/free-port.ts';
import { burstOrThrow } from '../../../../harness/kube/burst.ts';
import type { Kube } from '../../../../harness/kube/client.ts';
import { GPU_NODE_NAME } from '../../../container-nodes/gpu-daemonset.ts';
import { GPU_RESOURCE } from '../../target.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Processes } from './processes.ts';

const READY_MS = 180_000;
const GPUS = 8;

export interface SimulatedNodes {
  nodes: number;
  /** The simulator’s own binary. */
  kwok: string;
  /** Logs of the pods that look at a node’s GPUs say that they are there; no other pod has a log. */
  watchersSpeak: boolean;
}

/**
 * Nodes of eight GPUs each that are Ready, and whose pods are Running and, of Jobs, Succeeded as soon as they are there,
 * without ever having run: what a simulator keeps up to date on the API server.
 */
export async function startNodes(
  processes: Processes,
  kube: Kube,
  { certificate, ownKubeconfig }: ControlPlane,
  { folder, kwok, nodes, watchersSpeak }: SimulatedNodes & { folder: string },
): Promise<void> {
  const config = join(folder, 'kwok.yaml');
  const log = join(folder, 'watcher.log');
  const said = JSON.stringify({ at: 0, mono: 0, type: 'agent.watching', resource: GPU_RESOURCE });
  await writeFile(log, `2026-01-01T00:00:00.000000000Z stdout F ${said}\n`);
  const watchers = {
    ...head('ClusterLogs', 'watchers'),
    spec: { logs: [{ containers: [GPU_NODE_NAME], logsFile: log, previousLogsFile: log, follow: true }] },
  };
  const stages = [nodeReady, podRunning, ...podsDone, podGone];
  await writeFile(
    config,
    [...stages, ...(watchersSpeak ? [watchers] : [])]
      .map((object) => `${JSON.stringify(object)}\n`)
      .join('---\n'),
  );
  const port = await freePort();
  const address = '127.0.0.1';
  processes.start('kwok', kwok, [
    ...['--config', config, '--kubeconfig', ownKubeconfig, '--manage-all-nodes=true'],
    ...['--node-ip', address, '--node-port', String(port), '--server-address', `${address}:${port}`],
    ...['--tls-cert-file', certificate.cert, '--tls-private-key-file', certificate.key],
  ]);
  const names = Array.from({ length: nodes }, (_, index) => `node-${String(index).padStart(4, '0')}`);
  await burstOrThrow(names, (name) => kube.core.createNode({ body: node(name) }));
  let ready = 0;
  await waitFor(
    async () => {
      const { items } = await kube.core.listNode();
      ready = items.filter(({ status }) => status?.phase === 'Running').length;
      return ready === nodes;
    },
    {
      what: `${nodes} simulated nodes`,
      deadlineMs: READY_MS,
      intervalMs: 1_000,
      seen: () => `${ready} are Ready\n${processes.said('kwok')}`,
    },
  );
}

/** As a GPU node of the incident, with the labels that its operator puts on it. */
function node(name: string): V1Node {
  const amounts = { cpu: '96', memory: '1Ti', pods: '110', [GPU_RESOURCE]: String(GPUS) };
  return {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
        'nvidia.com/gpu.count': String(GPUS),
      },
    },
    status: { capacity: amounts, allocatable: amounts },
  };
}

function head(kind: string, name: string) {
  return { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind, metadata: { name } };
}

/** Without heartbeats: no controller waits for them here. */
const nodeReady = {
  ...head('Stage', 'node-ready'),
  spec: {
    resourceRef: { apiGroup: 'v1', kind: 'Node' },
    selector: { matchExpressions: [{ key: '.status.phase', operator: 'NotIn', values: ['Running'] }] },
    next: {
      statusTemplate: `
conditions:
{{ range NodeConditions }}
- { type: {{ .type }}, status: {{ .status | Quote }}, reason: {{ .reason }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }} }
{{ end }}
addresses:
- { type: InternalIP, address: {{ NodeIP }} }
daemonEndpoints: { kubeletEndpoint: { Port: {{ NodePort }} } }
nodeInfo: { architecture: amd64, bootID: "", containerRuntimeVersion: kwok-{{ Version }}, kernelVersion: kwok-{{ Version }}, kubeProxyVersion: "", kubeletVersion: kwok-{{ Version }}, machineID: "", operatingSystem: linux, osImage: "", systemUUID: "" }
phase: Running
`,
    },
  },
};

const CONTAINERS = (state: string) => `
containerStatuses:
{{ range .spec.containers }}
- { name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", restartCount: 0, ready: true, started: true, state: ${state} }
{{ end }}`;
const ALIVE = [{ key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' }];
const inPhase = (phase: string) => ({ key: '.status.phase', operator: 'In', values: [phase] });
const pods = { resourceRef: { apiGroup: 'v1', kind: 'Pod' } };

const podRunning = {
  ...head('Stage', 'pod-running'),
  spec: {
    ...pods,
    selector: {
      matchExpressions: [...ALIVE, inPhase('Pending'), { key: '.spec.nodeName', operator: 'Exists' }],
    },
    next: {
      statusTemplate: `${CONTAINERS('{ running: { startedAt: {{ Now | Quote }} } }')}
conditions:
- { type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }} }
phase: Running
startTime: {{ Now | Quote }}
`,
    },
  },
};

/** Of Jobs, and pods that look at a node once: what would go on runs for ever. */
const podsDone = [
  { key: '.metadata.ownerReferences.[].kind', operator: 'In', values: ['Job'] },
  { key: '.spec.restartPolicy', operator: 'In', values: ['Never'] },
].map((whose, index) => ({
  ...head('Stage', `pod-done-${index}`),
  spec: {
    ...pods,
    selector: { matchExpressions: [...ALIVE, inPhase('Running'), whose] },
    next: {
      statusTemplate: `${CONTAINERS('{ terminated: { exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }} } }')}
phase: Succeeded
`,
    },
  },
}));

const podGone = {
  ...head('Stage', 'pod-gone'),
  spec: {
    ...pods,
    selector: { matchExpressions: [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }] },
    next: { delete: true },
  },
};
