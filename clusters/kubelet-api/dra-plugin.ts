import { messageOf } from '../../harness/errors/error.ts';
import { DraPluginClient, PluginWatcherClient } from './definition.ts';
import type { Claim, PreparedDevice } from './messages.ts';
import { answered, type Listening, listen } from './transport.ts';

/** What a DRA driver answers of one claim. A promise that rejects becomes the claim's error. */
export interface DraPluginHandlers {
  prepare(claim: Claim): Promise<PreparedDevice[]>;
  unprepare(claim: Claim): Promise<void>;
}

/** The node's part of a DRA driver, v1: the kubelet prepares a pod's claims before it makes the pod's sandbox. */
export async function serveDraPlugin(socket: string, handlers: DraPluginHandlers): Promise<Listening> {
  return await listen(socket, DraPluginClient.service, {
    NodePrepareResources: answered(({ claims }: { claims: Claim[] }) =>
      ofEach(claims, async (claim) => ({ devices: await handlers.prepare(claim) })),
    ),
    NodeUnprepareResources: answered(({ claims }: { claims: Claim[] }) =>
      ofEach(claims, async (claim) => {
        await handlers.unprepare(claim);
        return {};
      }),
    ),
  });
}

async function ofEach<Answer extends object>(
  claims: readonly Claim[],
  answer: (claim: Claim) => Promise<Answer>,
): Promise<{ claims: Record<string, Answer | { error: string }> }> {
  const answers = claims.map(async (claim) => {
    const given = await answer(claim).catch((error: unknown) => ({ error: messageOf(error) }));
    return [claim.uid, given] as const;
  });
  return { claims: Object.fromEntries(await Promise.all(answers)) };
}

interface DraDriver {
  name: string;
  /** The socket of `serveDraPlugin`, by the path that the kubelet has for it. */
  endpoint: string;
}

/**
 * Lets a kubelet find a DRA driver, by a socket in its `plugins_registry`; it asks as soon as it sees that, again after it has
 * started anew, and tells what it made of the answer.
 */
export async function announceDraPlugin(
  socket: string,
  { endpoint, name }: DraDriver,
  told: (status: { registered: boolean; error: string }) => void,
): Promise<Listening> {
  return await listen(socket, PluginWatcherClient.service, {
    GetInfo: answered(() => ({ type: 'DRAPlugin', name, endpoint, supported_versions: ['v1.DRAPlugin'] })),
    NotifyRegistrationStatus: answered(
      ({ error, plugin_registered }: { plugin_registered: boolean; error: string }) => {
        told({ registered: plugin_registered, error });
        return {};
      },
    ),
  });
}
