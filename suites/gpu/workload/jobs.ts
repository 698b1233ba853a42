import type { V1Container, V1EnvVar, V1Job } from '@kubernetes/client-node';
import { TO_BE_HEARD } from '../../heard.ts';
import { onlyOn } from '../../node-affinity.ts';
import { type GpuSettings, RESOURCE, type Remedies } from '../settings.ts';
import { INIT_GATE, probeScript } from './probe.ts';

/** A resource that a node advertises so many of as it may hold GPU pods: a cap that needs no controller. */
export const JOB_SLOT = 'ordeal.dev/gpu-job-slot';
export const MAIN = 'trainer';

export type Framework = 'pytorch' | 'tensorflow';

export interface JobShape {
  name: string;
  namespace: string;
  image: string;
  framework: Framework;
  settings: GpuSettings;
  remedies: Remedies;
  /** Replicas of this Job, where not the settings'. */
  replicas?: number;
  /** The nodes that it may come to; any, where left out. */
  nodes?: readonly string[];
  /** What its containers run, where that is not the probe, and what that takes from the environment besides. */
  program?: { command: string[]; env: V1EnvVar[] };
  labels?: Record<string, string>;
  /** An evicted pod is no failure of its Job, and has a while to be heard once more. */
  evictable?: boolean;
}

const PORT = '29500';
/** For one request of its log. */
const HEARD_SECONDS = 5;
const DISRUPTIONS_ARE_NO_FAILURES = {
  rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
};

/** What the framework's launcher reads to find its peers. */
function environment(framework: Framework, name: string, replicas: number): V1EnvVar[] {
  const rank = {
    fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" },
  };
  if (framework === 'pytorch') {
    return [
      { name: 'MASTER_ADDR', value: `${name}-0` },
      { name: 'MASTER_PORT', value: PORT },
      { name: 'WORLD_SIZE', value: String(replicas) },
      { name: 'RANK', valueFrom: rank },
    ];
  }
  const workers = Array.from({ length: replicas }, (_, index) => `${name}-${index}:${PORT}`);
  return [
    { name: 'TASK_INDEX', valueFrom: rank },
    {
      name: 'TF_CONFIG',
      value: `{"cluster":{"worker":${JSON.stringify(workers)}},"task":{"type":"worker","index":$(TASK_INDEX)}}`,
    },
  ];
}

/** A distributed training Job as in the incident: every replica holds its GPUs from its first act on. */
export function trainingJob(shape: JobShape): V1Job {
  const { framework, image, name, namespace, nodes, program, remedies, settings } = shape;
  const replicas = shape.replicas ?? settings.replicas;
  const gpus = { [RESOURCE]: String(settings.gpusPerReplica) };
  const slot = remedies.jobCap === false ? {} : { [JOB_SLOT]: '1' };
  const container = (title: string, script: string, more: Partial<V1Container> = {}): V1Container => ({
    name: title,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', script],
    ...more,
  });
  const labels = { 'ordeal.dev/suite': 'gpu', 'ordeal.dev/framework': framework, ...shape.labels };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels },
    spec: {
      parallelism: replicas,
      completions: replicas,
      completionMode: 'Indexed',
      backoffLimit: replicas,
      ...(shape.evictable && { podFailurePolicy: DISRUPTIONS_ARE_NO_FAILURES }),
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: shape.evictable ? HEARD_SECONDS : 1,
          automountServiceAccountToken: false,
          ...(nodes && { affinity: onlyOn(nodes) }),
          ...(remedies.initGate && {
            initContainers: [container('gate', INIT_GATE, { resources: { limits: gpus } })],
          }),
          containers: [
            container(MAIN, probeScript(settings.hold, settings.probeInterval), {
              ...(program && { command: program.command }),
              env: [...environment(framework, name, replicas), ...(program?.env ?? [])],
              resources: {
                requests: { cpu: settings.cpu, memory: settings.memory },
                limits: { ...gpus, ...slot },
              },
            }),
          ],
        },
      },
    },
  };
}

/** Pods that only want a CPU, a node each: what they wait is the price of whatever holds up admission. */
export function bystanderJob(name: string, namespace: string, image: string, count: number): V1Job {
  const labels = { 'ordeal.dev/suite': 'gpu', 'ordeal.dev/bystander': 'true' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels },
    spec: {
      parallelism: count,
      completions: count,
      backoffLimit: 2,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'bystander',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: ['sh', '-c', `echo started; ${TO_BE_HEARD}`],
            },
          ],
        },
      },
    },
  };
}
