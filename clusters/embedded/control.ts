import { order, serveOrders } from '../orders.ts';

/** Orders to the process of an embedded cluster, over a socket in its folder: `alive`, `stop`, `restart-kubelet/<node>`, `power-off/<node>`, `power-on/<node>`. */
export interface ControlHandlers {
  /** @throws Error where there is no such node. */
  restartKubelet(node: string): Promise<void>;
  powerOff(node: string): Promise<void>;
  powerOn(node: string): Promise<void>;
  /** Answered first, done after. */
  stop(): void;
}

export async function serveControl(socket: string, handlers: ControlHandlers): Promise<() => void> {
  return await serveOrders(socket, async ([verb, node]) => {
    if (verb === 'stop') return { after: () => handlers.stop() };
    if (verb === 'restart-kubelet' && node) await handlers.restartKubelet(node);
    else if (verb === 'power-off' && node) await handlers.powerOff(node);
    else if (verb === 'power-on' && node) await handlers.powerOn(node);
    else if (verb !== 'alive') return undefined;
    return {};
  });
}

/**
 * Whether a cluster's process is behind the socket. One that is slow to answer is, and its folder must not be taken from
 * under it: only where the system says that nobody listens, which an error's code tells, there is none.
 */
export function answers(socket: string): Promise<boolean> {
  return order(socket, 'alive', 2_000).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === undefined,
  );
}
