import type { V1Pod } from '@kubernetes/client-node';
import { EXIT } from '../../../harness/errors/error.ts';

/** What the harness's pod is at. */
export type PodState =
  | { is: 'waiting'; why: string }
  | { is: 'running' }
  /** By itself, with its exit code. */
  | { is: 'ended'; code: number }
  /** By somebody else. */
  | { is: 'gone'; why: string };

/** Exit codes from here on say that a signal ended it, but for the harness's own when it was interrupted and has healed. */
const SIGNALLED = 128;

/**
 * Of the pods of the harness's Job, of which there is one: what it is at. Pure.
 * @param known a pod was there before
 */
export function stateOf(pods: readonly V1Pod[], known: boolean): PodState {
  const [pod] = pods;
  if (!pod) {
    return known
      ? { is: 'gone', why: 'its pod is gone from the cluster' }
      : { is: 'waiting', why: 'its Job has made no pod' };
  }
  const { status } = pod;
  const [container] = status?.containerStatuses ?? [];
  const { running, terminated, waiting } = container?.state ?? {};
  if (terminated) {
    const { exitCode, reason } = terminated;
    const byItself = exitCode < SIGNALLED || exitCode === EXIT.interrupted;
    if (byItself && reason !== 'ContainerStatusUnknown') return { is: 'ended', code: exitCode };
    return {
      is: 'gone',
      why: `its container was ended (${reason ?? 'no reason told'}, exit code ${exitCode})`,
    };
  }
  if (status?.phase === 'Failed') {
    return { is: 'gone', why: `its pod failed: ${status.message ?? status.reason ?? 'no reason told'}` };
  }
  if (running) return { is: 'running' };
  const blocked = status?.conditions?.find(
    ({ status: is, type }) => type === 'PodScheduled' && is === 'False',
  );
  const why =
    waiting?.message ?? waiting?.reason ?? blocked?.message ?? status?.phase ?? 'nothing is told of it';
  return { is: 'waiting', why };
}
