import { randomUUID } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Kube } from '../../harness/kube/client.ts';
import type { Readiness } from '../../harness/run/ports.ts';
import { ignoring } from '../container-nodes/gpu-nodes.ts';
import { RUN_LABEL, removeNamespaces } from './objects.ts';
import { NODE_POD_SECURITY } from './pod-security.ts';

const START_MS = 60_000;
const DEADLINE_S = 60;
const HOST = '/host';

/** What a pod on a node can see of it without a privilege, by reading alone. */
const Seen = z.strictObject({
  kernel: z.string(),
  /** Container runtimes whose socket is there. */
  sockets: z.array(z.string()),
  /** Of the modules asked for, those that are loaded, built in or on the node's disk. */
  modules: z.array(z.string()),
});
type Seen = z.infer<typeof Seen>;

const SOCKETS = {
  containerd: '/run/containerd/containerd.sock',
  'K3s’s containerd': '/run/k3s/containerd/containerd.sock',
  'CRI-O': '/run/crio/crio.sock',
  'cri-dockerd': '/run/cri-dockerd.sock',
};
/** What network faults would use, and WireGuard's own. */
const MODULES = ['sch_netem', 'nf_tables', 'cls_bpf', 'wireguard'];

/** Runs in the workload image: Node, and nothing of the node's but its files to read. */
const LOOK = `
const fs = require('fs'), os = require('os');
const [host, sockets, modules] = [process.argv[1], JSON.parse(process.argv[2]), JSON.parse(process.argv[3])];
const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } };
const base = ['/lib/modules/', '/usr/lib/modules/'].map((folder) => host + folder + os.release());
const text = [read('/proc/modules'), ...base.flatMap((at) => [read(at + '/modules.builtin'), read(at + '/modules.dep')])].join('\\n');
console.log(JSON.stringify({
  kernel: os.release(),
  sockets: Object.entries(sockets).filter(([, path]) => fs.existsSync(host + path)).map(([name]) => name),
  modules: modules.filter((name) => new RegExp('(^|/)' + name + '(\\\\.ko|\\\\s)', 'm').test(text)),
}));`;

/** Looks at each node by a pod of a few seconds, in a namespace that goes with them. */
export async function surveyNodes(kube: Kube, nodes: readonly string[], image: string): Promise<Readiness[]> {
  const runId = `survey-${randomUUID().slice(0, 8)}`;
  const namespace = `ordeal-${runId}`;
  try {
    await kube.core.createNamespace({
      body: { metadata: { name: namespace, labels: { ...NODE_POD_SECURITY, [RUN_LABEL]: runId } } },
    });
    await waitFor(
      async () => (await kube.core.listNamespacedServiceAccount({ namespace })).items.length > 0,
      { what: `the service account of ${namespace}`, deadlineMs: START_MS },
    );
    return await Promise.all(
      nodes.map((node, index) => surveyNode(kube, namespace, `survey-${index}`, node, image)),
    );
  } finally {
    await removeNamespaces(kube, runId);
  }
}

async function surveyNode(
  kube: Kube,
  namespace: string,
  name: string,
  node: string,
  image: string,
): Promise<Readiness> {
  const title = `node ${node}`;
  let pod = await kube.core.createNamespacedPod({ namespace, body: surveyPod(namespace, name, node, image) });
  try {
    await waitFor(
      async () => {
        pod = (await ignoring(404, kube.core.readNamespacedPod({ namespace, name }))) ?? pod;
        return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      },
      { what: `the pod that looks at ${node}`, deadlineMs: START_MS, intervalMs: 250 },
    );
    const log = await kube.core.readNamespacedPodLog({ namespace, name });
    return { name: title, ok: true, detail: told(Seen.parse(JSON.parse(log))) };
  } catch {
    return {
      name: title,
      ok: false,
      detail: whyUnseen(pod),
      mend: `see that the node has or can pull ${image}`,
    };
  }
}

/** Pure. */
function told({ kernel, modules, sockets }: Seen): string {
  const lacking = MODULES.filter((name) => !modules.includes(name));
  return [
    `kernel ${kernel}`,
    sockets.length > 0 ? `runtime ${sockets.join(', ')}` : 'no runtime’s socket seen',
    ...(modules.length > 0 ? [`modules ${modules.join(', ')}`] : []),
    ...(lacking.length > 0 ? [`not seen: ${lacking.join(', ')}`] : []),
  ].join('; ');
}

function whyUnseen({ status }: V1Pod): string {
  const [container] = status?.containerStatuses ?? [];
  const waiting = container?.state?.waiting;
  const blocked = status?.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  return `nothing seen: ${waiting?.message ?? waiting?.reason ?? blocked?.message ?? status?.phase ?? 'no answer'}`;
}

function surveyPod(namespace: string, name: string, node: string, image: string): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      activeDeadlineSeconds: DEADLINE_S,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'survey',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '-e', LOOK, HOST, JSON.stringify(SOCKETS), JSON.stringify(MODULES)],
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          volumeMounts: [{ name: 'host', mountPath: HOST, readOnly: true }],
        },
      ],
      volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }],
    },
  };
}
