import type { V1EnvVar, V1Job } from '@kubernetes/client-node';
import { type JobShape, trainingJob } from '../workload/jobs.ts';

/** The Job that writes checkpoints, by its name in the run's namespace. */
export const TRAINING = 'checkpoints';
/** The label of its pods. */
export const TRAINER = 'ordeal.dev/checkpoints';
/** The Secret with the store's keys, by the names of the variables that S3's own tools read. */
export const KEYS_SECRET = 'checkpoint-store';
export const KEY_NAMES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** More than any sound run needs: a Job whose pods are deleted must not give up. */
const RETRIES = 100;

/** A training Job whose pods run this command, which finds the store's keys, its rank and its pod in its environment. */
export function checkpointJob(
  shape: Omit<JobShape, 'framework' | 'labels' | 'name' | 'program'>,
  command: string[],
): V1Job {
  const env: V1EnvVar[] = [
    { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    ...KEY_NAMES.map((name) => ({ name, valueFrom: { secretKeyRef: { name: KEYS_SECRET, key: name } } })),
  ];
  const job = trainingJob({
    ...shape,
    name: TRAINING,
    framework: 'pytorch',
    labels: { [TRAINER]: 'true' },
    program: { command, env },
  });
  return { ...job, spec: { ...job.spec, backoffLimit: RETRIES } as NonNullable<V1Job['spec']> };
}
