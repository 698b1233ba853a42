import type { V1Container, V1Deployment, V1Probe } from '@kubernetes/client-node';
import { type EdgeSettings, READINESS_TIMEOUT_SECONDS } from '../settings.ts';

export const COLLECTOR = 'collector';
export const PROBER = 'probe';

export interface CollectorShape {
  node: string;
  namespace: string;
  image: string;
  /** The containers' commands. */
  commands: { collector: string[]; probe: string[] };
  ports: { tcp: number; http: number };
  /** What puts a command into the pod's network, where the kubelet itself has no way to it; empty: it has. */
  enter: readonly string[];
  /** Where the kubelet reaches the pod, if not at the address that it gave it. */
  host?: string | undefined;
  /** Whether the kubelet looks at the collector. */
  probes: boolean;
  settings: EdgeSettings;
}

/** Time to send what is left and to write the ledger's last line. */
const GRACE_SECONDS = 4;

/** One edge node's collector: a Deployment of one, for each node reaches the cloud at an address of its own. */
export function collectorDeployment(shape: CollectorShape): V1Deployment {
  const { commands, enter, host, image, namespace, node, ports, probes, settings } = shape;
  const name = `${COLLECTOR}-${node}`;
  const labels = { 'ordeal.dev/suite': 'edge', 'ordeal.dev/collector': node };
  const container = (title: string, command: string[]): V1Container => ({
    name: title,
    image,
    imagePullPolicy: 'IfNotPresent',
    command,
  });
  const { readinessFailures, readinessPeriodSeconds, startSeconds } = settings;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      // Never two publishers of one name at once.
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': node },
          terminationGracePeriodSeconds: GRACE_SECONDS,
          automountServiceAccountToken: false,
          containers: [
            {
              ...container(COLLECTOR, commands.collector),
              ports: [
                { name: 'mqtt', containerPort: ports.tcp },
                { name: 'http', containerPort: ports.http },
              ],
              ...(probes && {
                startupProbe: {
                  ...tcpProbe(ports.tcp, enter, host),
                  periodSeconds: 1,
                  timeoutSeconds: 2,
                  failureThreshold: startSeconds,
                },
                livenessProbe: {
                  ...tcpProbe(ports.tcp, enter, host),
                  periodSeconds: 5,
                  timeoutSeconds: 2,
                  failureThreshold: 3,
                },
                readinessProbe: {
                  ...httpProbe('/ready', ports.http, enter, host),
                  periodSeconds: readinessPeriodSeconds,
                  timeoutSeconds: READINESS_TIMEOUT_SECONDS,
                  failureThreshold: readinessFailures,
                },
              }),
            },
            container(PROBER, commands.probe),
          ],
        },
      },
    },
  };
}

/** A connect, by the kubelet or by a command in the pod's network. */
function tcpProbe(port: number, enter: readonly string[], host?: string): V1Probe {
  if (enter.length === 0) return { tcpSocket: { port, ...(host && { host }) } };
  return { exec: { command: [...enter, 'socat', '-u', 'OPEN:/dev/null', `TCP4:127.0.0.1:${port}`] } };
}

/** A GET that is to be answered with 200, likewise. */
function httpProbe(path: string, port: number, enter: readonly string[], host?: string): V1Probe {
  if (enter.length === 0) return { httpGet: { path, port, ...(host && { host }) } };
  const ask = `printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' | socat - TCP4:127.0.0.1:${port} | grep -q '^HTTP/1.. 200'`;
  return { exec: { command: [...enter, 'sh', '-c', ask] } };
}
