import { randomUUID } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import pLimit from 'p-limit';
import { z } from 'zod';
import { type Clock, systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { Kube } from '../../harness/kube/client.ts';
import type { Readiness } from '../../harness/run/ports.ts';
import { RUN_LABEL, removeNamespaces } from './objects.ts';
import { NODE_POD_SECURITY } from './pod-security.ts';
import { noteTaken } from './taken.ts';

const START_MS = 60_000;
/** Pods at once: what a cluster of a thousand nodes starts and its API server tells of without anybody's noticing. */
const AT_ONCE = 16;
/** No node is begun with after this: a thousand that cannot pull the image would take an hour. */
const ALL_MS = 600_000;
const DEADLINE_S = 60;
const LOOK_MS = 250;
const NOT_OVER = 'status.phase!=Succeeded,status.phase!=Failed';
const HOST = '/host';

/** What a pod on a node can see of it without a privilege, by reading alone. */
const Seen = z.strictObject({
  kernel: z.string(),
  /** Container runtimes whose socket is there. */
  sockets: z.array(z.string()),
  /** Of the modules asked for, those that are built in, loaded or on the node's disk. */
  modules: z.array(z.string()),
});
type Seen = z.infer<typeof Seen>;

const SOCKETS = {
  containerd: '/run/containerd/containerd.sock',
  'K3s’s containerd': '/run/k3s/containerd/containerd.sock',
  'CRI-O': '/run/crio/crio.sock',
  'cri-dockerd': '/run/cri-dockerd.sock',
};
/** What network faults would use, and WireGuard's own: modules, and what a kernel's configuration calls them. */
const MODULES = {
  sch_netem: 'CONFIG_NET_SCH_NETEM',
  nf_tables: 'CONFIG_NF_TABLES',
  cls_bpf: 'CONFIG_NET_CLS_BPF',
  wireguard: 'CONFIG_WIREGUARD',
};

/** Runs in the workload image: Node, and nothing of the node's but its files to read. */
const LOOK = `
const fs = require('fs'), os = require('os'), zlib = require('zlib');
const [host, sockets, modules] = [process.argv[1], JSON.parse(process.argv[2]), JSON.parse(process.argv[3])];
const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch { return ''; } };
const base = ['/lib/modules/', '/usr/lib/modules/'].map((folder) => host + folder + os.release());
const text = [read('/proc/modules'), ...base.flatMap((at) => [read(at + '/modules.builtin'), read(at + '/modules.dep')])].join('\\n');
let config = '';
try { config = zlib.gunzipSync(fs.readFileSync('/proc/config.gz')).toString(); } catch {}
config += read(host + '/boot/config-' + os.release());
console.log(JSON.stringify({
  kernel: os.release(),
  sockets: Object.entries(sockets).filter(([, path]) => fs.existsSync(host + path)).map(([name]) => name),
  modules: Object.entries(modules).filter(([name, option]) =>
    config.includes(option + '=y') || new RegExp('(^|/)' + name + '(\\\\.ko|\\\\s)', 'm').test(text)).map(([name]) => name),
}));`;

interface Survey {
  context: string;
  kubeconfig: string;
  uid: string;
  nodes: readonly string[];
  image: string;
}

/** Looks at each node by a pod of a few seconds, in a namespace that goes with them; at so many nodes at once, and for so long. */
export async function surveyNodes(
  kube: Kube,
  { image, nodes, ...cluster }: Survey,
  clock: Clock = systemClock,
): Promise<Readiness[]> {
  const runId = `survey-${randomUUID().slice(0, 8)}`;
  const namespace = `ordeal-${runId}`;
  const forget = noteTaken({ ...cluster, runId, nodes: [] });
  try {
    await kube.core.createNamespace({
      body: { metadata: { name: namespace, labels: { ...NODE_POD_SECURITY, [RUN_LABEL]: runId } } },
    });
    await waitFor(
      async () => (await kube.core.listNamespacedServiceAccount({ namespace })).items.length > 0,
      { what: `the service account of ${namespace}`, deadlineMs: START_MS, clock },
    );
    const limit = pLimit(AT_ONCE);
    const notOver = lookout(kube, namespace, clock);
    const until = clock.mono() + ALL_MS;
    return await Promise.all(
      nodes.map((node, index) =>
        limit(async () => {
          if (clock.mono() >= until) return unvisited(node);
          return await surveyNode(kube, surveyPod(namespace, `survey-${index}`, node, image), clock, notOver);
        }),
      ),
    );
  } finally {
    await removeNamespaces(kube, runId, clock);
    forget();
  }
}

type Lookout = () => Promise<ReadonlyMap<string, V1Pod>>;

/**
 * The pods that are not over, by one list for all who wait: it holds as many as are looked at at once, however many nodes
 * there are.
 */
function lookout(kube: Kube, namespace: string, clock: Clock): Lookout {
  let next: ReturnType<Lookout> | undefined;
  const look = async () => {
    await clock.sleep(LOOK_MS);
    // Who asks from now on may have made a pod that this list lacks.
    next = undefined;
    const { items } = await kube.core.listNamespacedPod({ namespace, fieldSelector: NOT_OVER });
    return new Map(items.map((pod) => [pod.metadata?.name ?? '', pod]));
  };
  return () => {
    next ??= look();
    return next;
  };
}

/** Of a node that nothing could be seen of the answer says why; never rejects. */
async function surveyNode(kube: Kube, body: V1Pod, clock: Clock, notOver: Lookout): Promise<Readiness> {
  const { name = '', namespace = '' } = body.metadata ?? {};
  const node = body.spec?.nodeName;
  let pod = body;
  try {
    pod = await kube.core.createNamespacedPod({ namespace, body });
    await waitFor(
      async () => {
        const left = await notOver();
        pod = left.get(name) ?? pod;
        return !left.has(name);
      },
      { what: `the pod that looks at ${node}`, deadlineMs: START_MS, intervalMs: 0, clock },
    );
    const log = await kube.core.readNamespacedPodLog({ namespace, name });
    return { name: `node ${node}`, ok: true, detail: told(Seen.parse(JSON.parse(log))) };
  } catch (error) {
    pod = await kube.core.readNamespacedPod({ namespace, name }).catch(() => pod);
    return {
      name: `node ${node}`,
      ok: false,
      detail: whyUnseen(pod, error),
      mend: `see that the node has or can pull ${body.spec?.containers[0]?.image}`,
    };
  }
}

function unvisited(node: string): Readiness {
  const minutes = ALL_MS / 60_000;
  return {
    name: `node ${node}`,
    ok: false,
    detail: `nothing seen: the nodes before it took ${minutes} minutes`,
    mend: 'see why the nodes above were not seen, or ask again',
  };
}

/** Pure. */
function told({ kernel, modules, sockets }: Seen): string {
  const lacking = Object.keys(MODULES).filter((name) => !modules.includes(name));
  return [
    `kernel ${kernel}`,
    sockets.length > 0 ? `runtime ${sockets.join(', ')}` : 'no runtime’s socket seen',
    ...(modules.length > 0 ? [`modules ${modules.join(', ')}`] : []),
    ...(lacking.length > 0 ? [`not seen: ${lacking.join(', ')}`] : []),
  ].join('; ');
}

function whyUnseen({ status }: V1Pod, error: unknown): string {
  const [container] = status?.containerStatuses ?? [];
  const waiting = container?.state?.waiting;
  const blocked = status?.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  return `nothing seen: ${waiting?.message ?? waiting?.reason ?? blocked?.message ?? status?.phase ?? messageOf(error)}`;
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
