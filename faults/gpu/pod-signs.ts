/** What pods and the kubelet’s checkpoint show of calls to a device plugin that were altered. Pure but for `podsOn`. */
import { isDeepStrictEqual } from 'node:util';
import type { V1Pod } from '@kubernetes/client-node';
import type { Given } from '../../clusters/plugin-proxy/control.ts';
import type { Kube } from '../../harness/kube/client.ts';

export interface PodView {
  uid: string;
  name: string;
  phase: string;
  createdWall: number;
  /** When its first container started, wall ms by the kubelet’s clock in whole seconds; undefined where none has. */
  startedWall: number | undefined;
  /** Whatever the kubelet says of what went wrong. */
  messages: string;
}

/** The pods of a node that ask for a resource. */
export async function podsOn(kube: Kube, node: string, resource: string): Promise<PodView[]> {
  const { items } = await kube.core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${node}` });
  return items.filter((pod) => asksFor(pod, resource)).map(viewOf);
}

function asksFor({ spec }: V1Pod, resource: string): boolean {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.some(({ resources }) => Number(resources?.limits?.[resource] ?? 0) > 0);
}

function viewOf({ metadata, status }: V1Pod): PodView {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const starts = containers.flatMap(({ lastState, state }) => [
    state?.running?.startedAt,
    state?.terminated?.startedAt,
    lastState?.terminated?.startedAt,
  ]);
  const walls = starts.flatMap((at) => (at ? [new Date(at).getTime()] : [])).filter((wall) => wall > 0);
  const messages = [status?.message, ...containers.map(({ state }) => state?.waiting?.message)];
  return {
    uid: metadata?.uid ?? '',
    name: metadata?.name ?? '',
    phase: status?.phase ?? 'Pending',
    createdWall: new Date(metadata?.creationTimestamp ?? 0).getTime(),
    startedWall: walls.length > 0 ? Math.min(...walls) : undefined,
    messages: messages.filter(Boolean).join('\n'),
  };
}

/** The pod that holds all of these devices. */
export function holderOf(
  devices: readonly string[],
  given: readonly Given[],
  pods: readonly PodView[],
): PodView | undefined {
  const entry = given.find((each) => devices.length > 0 && devices.every((id) => each.devices.includes(id)));
  return pods.find(({ uid }) => uid === entry?.podUid);
}

/** Two containers of different devices whose plugin’s answer is one and the same. */
export function sameAnswer(given: readonly Given[]): [Given, Given] | undefined {
  for (const [index, first] of given.entries()) {
    const second = given
      .slice(index + 1)
      .find(
        ({ answer, devices }) =>
          !devices.some((id) => first.devices.includes(id)) && isDeepStrictEqual(answer, first.answer),
      );
    if (second) return [first, second];
  }
  return undefined;
}

/** The names of pods that run and of which the kubelet does not know any more what they held. */
export function lostAllocations(
  before: readonly Given[],
  after: readonly Given[],
  pods: readonly PodView[],
): string[] {
  const lost = before.filter(
    (entry) =>
      !after.some(
        ({ container, devices, podUid }) =>
          podUid === entry.podUid &&
          container === entry.container &&
          isDeepStrictEqual([...devices].sort(), [...entry.devices].sort()),
      ),
  );
  const uids = new Set(lost.map(({ podUid }) => podUid));
  return pods.filter(({ phase, uid }) => phase === 'Running' && uids.has(uid)).map(({ name }) => name);
}
