import type { V1Node, V1Pod } from '@kubernetes/client-node';
import type { Kube } from '../harness/kube/client.ts';
import type { NodeFound } from '../harness/verdict/verdict.ts';

/** How the vendor's device plugin is marked: by the GPU Operator, by its Helm chart, by its static manifest. */
const PLUGIN = [
  'app=nvidia-device-plugin-daemonset',
  'app.kubernetes.io/name=nvidia-device-plugin',
  'name=nvidia-device-plugin-ds',
];
const OPERATOR = 'app=gpu-operator';

/** A cluster that is asked for what its user may not see, or does not answer in time, has not told. */
const ANSWER_MS = 10_000;

/** What every node of a cluster runs, by what the cluster itself tells. @throws ApiException where it does not list its nodes. */
export async function foundOn({ core }: Kube): Promise<NodeFound[]> {
  const podsOf = async (labelSelector: string): Promise<V1Pod[]> => {
    const listed = core.listPodForAllNamespaces({ labelSelector }).then(({ items }) => items);
    return await inTime(
      listed.catch(() => []),
      [],
    );
  };
  const [{ items: nodes }, operators, ...plugins] = await Promise.all([
    core.listNode(),
    podsOf(OPERATOR),
    ...PLUGIN.map(podsOf),
  ]);
  const onNode = new Map<string, V1Pod[]>();
  for (const pod of plugins.flat()) {
    const node = pod.spec?.nodeName ?? '';
    onNode.set(node, [...(onNode.get(node) ?? []), pod]);
  }
  return nodes.map((node) => nodeFound(node, onNode.get(node.metadata?.name ?? '') ?? [], operators));
}

/** Pure. What is not told, or is empty, is null. */
export function nodeFound(node: V1Node, plugins: readonly V1Pod[], operators: readonly V1Pod[]): NodeFound {
  const name = node.metadata?.name ?? '';
  const labels = node.metadata?.labels ?? {};
  const info = node.status?.nodeInfo;
  const here = plugins.filter(({ spec, status }) => spec?.nodeName === name && status?.phase === 'Running');
  const managed = Object.keys(labels).some((label) => label.startsWith('nvidia.com/gpu.deploy.'));
  return {
    node: name,
    versions: {
      kubelet: info?.kubeletVersion || null,
      containerRuntime: info?.containerRuntimeVersion || null,
      kernel: info?.kernelVersion || null,
      osImage: info?.osImage || null,
      plugin: imagesOf(here, /device-plugin/),
      driver: labelled(labels, 'driver-version.full', ['driver.major', 'driver.minor', 'driver.rev']),
      cuda: labelled(labels, 'runtime-version.full', ['runtime.major', 'runtime.minor']),
      gpu: labels['nvidia.com/gpu.product'] || null,
      // By its labels it is the operator's; which operator, its own pod says.
      gpuOperator: managed ? imagesOf(operators, /gpu-operator/) : null,
      driverUpgrade: labels['nvidia.com/gpu-driver-upgrade-state'] || null,
    },
  };
}

/** GPU Feature Discovery's label, or what its older versions have in parts. */
function labelled(
  labels: Readonly<Record<string, string>>,
  full: string,
  parts: readonly string[],
): string | null {
  const of = (part: string) => labels[`nvidia.com/cuda.${part}`] || null;
  const told = parts.map(of);
  return of(full) ?? (told.every((part) => part !== null) ? told.join('.') : null);
}

/** The images of these pods' containers that are named so, or of all: name and tag, without where they come from. */
function imagesOf(pods: readonly V1Pod[], named: RegExp): string | null {
  const images = new Set(
    pods.flatMap(({ spec }) => {
      const all = (spec?.containers ?? []).flatMap(({ image }) =>
        image ? [image.replace(/^.*\//, '')] : [],
      );
      const own = all.filter((image) => named.test(image));
      return own.length > 0 ? own : all;
    }),
  );
  return images.size === 0 ? null : [...images].sort().join(', ');
}

async function inTime<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS, otherwise);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
