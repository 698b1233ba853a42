import { Writable } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import type { Kube } from '../../harness/kube/client.ts';

const TIMEOUT_MS = 15_000;
const KEPT = 400;

export interface InPod {
  kube: Kube;
  namespace: string;
  pod: string;
  container: string;
}

/**
 * Runs an argument array in a container, by the API server; it has to succeed.
 * @throws OrdealError EXEC_FAILED (exit 4).
 */
export async function execIn(
  { container, kube, namespace, pod }: InPod,
  argv: readonly string[],
): Promise<void> {
  let said = '';
  const heard = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said = (said + chunk.toString('utf8')).slice(-KEPT);
      done();
    },
  });
  const failed = (seen: string) =>
    new OrdealError({
      code: 'EXEC_FAILED',
      exit: EXIT.unable,
      tried: `running ${argv[0]} in pod ${namespace}/${pod}`,
      seen,
      todo: 'see that the pod runs, and that `kubectl exec` reaches it',
    });
  let timer: NodeJS.Timeout | undefined;
  try {
    const status = await new Promise<V1Status>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      new Exec(kube.config)
        .exec(namespace, pod, container, [...argv], heard, heard, null, false, resolve)
        .then((socket) => {
          socket.onclose = () => reject(new Error('the connection ended before the command'));
          socket.onerror = ({ message }) => reject(new Error(message));
        }, reject);
    });
    if (status.status === 'Success') return;
    throw new Error(`${status.message ?? status.reason ?? 'it failed'}${said && `: ${said.trim()}`}`);
  } catch (error) {
    throw failed(messageOf(error));
  } finally {
    clearTimeout(timer);
  }
}
