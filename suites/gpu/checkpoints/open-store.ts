import type { Cluster } from '../../../clusters/port.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { SuiteContext } from '../../../harness/run/ports.ts';
import { type OpenStore, openOwnStore } from './own-store.ts';
import type { Checkpoints } from './settings.ts';
import { CheckpointStore, type StoreAddress } from './store.ts';

/** The store that the plan asks for, or why there is none. */
export async function openStore(
  context: Pick<SuiteContext<Cluster>, 'clock' | 'cluster' | 'progress' | 'signal' | 'undo' | 'workDir'>,
  { bucket, endpoint, region }: Checkpoints,
  env: NodeJS.ProcessEnv,
): Promise<OpenStore | { unavailable: string }> {
  try {
    if (endpoint === undefined) {
      const host = await context.cluster.machineAddress?.();
      return await openOwnStore(context, { bucket, region, ...(host !== undefined && { host }) });
    }
    return await openGiven({ endpoint, bucket, region }, env);
  } catch (error) {
    context.signal.throwIfAborted();
    return { unavailable: `there is no S3 store to write checkpoints to: ${messageOf(error)}` };
  }
}

async function openGiven(
  address: StoreAddress,
  { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: NodeJS.ProcessEnv,
): Promise<OpenStore | { unavailable: string }> {
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    return {
      unavailable: `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the keys of ${address.endpoint}, are not set`,
    };
  const keys = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  if (!(await new CheckpointStore(address, keys).hasBucket()))
    return { unavailable: `${address.endpoint} has no bucket ${address.bucket} for these keys` };
  return { kind: 'given', address, keys };
}
