import type { V1DaemonSet } from '@kubernetes/client-node';
import type { AgentConfig } from '../gpu-node/main.ts';
import type { GpuNodePods } from '../port.ts';
import { DEVICE_PLUGINS, NODE_STATE, POD_RESOURCES } from './folders.ts';

export const SYSTEM_NAMESPACE = 'ordeal-system';
export const GPU_NODE_NAME = 'gpu-node';
/** dcgm-exporter's own. */
export const EXPORTER_PORT = 9_400;
const NAME_LABEL = 'app.kubernetes.io/name';

/** Where the pods of fake GPU nodes are that were started in a namespace. */
export function gpuNodePods(namespace: string): GpuNodePods {
  return { namespace, selector: `${NAME_LABEL}=${GPU_NODE_NAME}`, port: EXPORTER_PORT };
}

/**
 * The fake GPU node as a DaemonSet: on every node that is not a control plane, with the node's own folders.
 * @param watch the resource of a plugin that is there: nothing is faked then
 */
export function gpuDaemonSet(image: string, watch?: string): V1DaemonSet {
  const labels = { [NAME_LABEL]: GPU_NODE_NAME, 'app.kubernetes.io/part-of': 'ordeal' };
  const folders = { state: NODE_STATE, plugins: DEVICE_PLUGINS, resources: POD_RESOURCES };
  const config: AgentConfig = {
    ...(watch !== undefined && { watch }),
    nodes: [
      {
        // The kubelet puts the variable in.
        name: '$(NODE_NAME)',
        stateDir: NODE_STATE,
        devicePluginDir: DEVICE_PLUGINS,
        podResourcesDir: POD_RESOURCES,
        exporter: { port: EXPORTER_PORT },
      },
    ],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: GPU_NODE_NAME, namespace: SYSTEM_NAMESPACE, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          // Its process IDs are in its ledger: a restarted container would have the same ones again.
          hostPID: true,
          terminationGracePeriodSeconds: 5,
          automountServiceAccountToken: false,
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: 'node-role.kubernetes.io/control-plane', operator: 'DoesNotExist' },
                    ],
                  },
                ],
              },
            },
          },
          containers: [
            {
              name: GPU_NODE_NAME,
              image,
              imagePullPolicy: 'Never',
              command: ['node', '/ordeal/gpu-node.mjs'],
              // Without a request it would have the least share of a busy node, and its timers would show that.
              resources: { requests: { cpu: '500m' } },
              env: [
                { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
                { name: 'ORDEAL_GPU_CONFIG', value: JSON.stringify(config) },
              ],
              volumeMounts: Object.entries(folders).map(([name, mountPath]) => ({ name, mountPath })),
            },
          ],
          volumes: Object.entries(folders).map(([name, path]) => ({
            name,
            hostPath: { path, type: 'Directory' },
          })),
        },
      },
    },
  };
}
