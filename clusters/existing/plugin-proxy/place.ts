import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { DEVICE_PLUGINS, NODE_STATE, POD_RESOURCES } from '../../container-nodes/folders.ts';
import type { Stand } from '../../plugin-proxy/settings.ts';
import { nodePod } from '../node-pod.ts';

/** What a proxy's pod and its container are called. */
export const PROXY_POD = 'plugin-proxy';
const PROGRAM = ['node', '/ordeal/plugin-proxy.mjs'];

/** A proxy of a node that is someone's, for whoever has to find it there, or its pod's successor. */
export const Place = z.strictObject({
  context: z.string(),
  kubeconfig: z.string(),
  /** Of the cluster. */
  uid: z.string(),
  run: z.string(),
  /** Of its pod alone. */
  namespace: z.string(),
  node: z.string(),
  image: z.string(),
  deadlineSeconds: z.int().positive(),
  resource: z.string(),
});
export type Place = z.infer<typeof Place>;

/** The attendant of a proxy on a node: of its files the kubelet's folders of device plugins and of PodResources. */
export function proxyPod({ deadlineSeconds, image, namespace, node, resource }: Place): V1Pod {
  return nodePod({
    ...{ namespace, name: PROXY_POD, is: PROXY_POD, node, image, deadlineSeconds },
    command: [...PROGRAM, 'attend', JSON.stringify(standIn(resource))],
    folders: { plugins: DEVICE_PLUGINS, resources: POD_RESOURCES },
    cpu: '100m',
    // To give back what it stands in front of.
    graceSeconds: 30,
  });
}

/** What leads to its attendant, in its container. */
export function talkCommand(resource: string): string[] {
  return [...PROGRAM, 'talk', JSON.stringify(standIn(resource))];
}

function standIn(resource: string): Stand {
  return { resource, stateDir: NODE_STATE, devicePlugins: DEVICE_PLUGINS, podResources: POD_RESOURCES };
}
