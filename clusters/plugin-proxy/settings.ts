import { z } from 'zod';
import { Injection } from './injection.ts';

/** Where a proxy stands, and what it keeps there. */
export const Stand = z.strictObject({
  resource: z.string(),
  /** The kubelet’s folder of device plugins, with its socket. */
  devicePlugins: z.string(),
  /** The folder of the kubelet’s PodResources socket, where what is allocatable is read on the node. */
  podResources: z.string(),
  /** The node’s state folder, see layout.ts. */
  stateDir: z.string(),
});
export type Stand = z.infer<typeof Stand>;

export const ProxySettings = z.strictObject({
  ...Stand.shape,
  /** File name of the socket of the vendor’s plugin. */
  vendor: z.string(),
  injection: Injection,
});
export type ProxySettings = z.infer<typeof ProxySettings>;

/** What stands in front of whom, and who looks after it: all that is needed to give the resource back. */
export const Front = z.strictObject({
  ...Stand.shape,
  vendor: z.string(),
  /** `PID.BIRTH`. */
  keeper: z.string(),
  /** Likewise, from before it registers. */
  proxy: z.string().optional(),
});
export type Front = z.infer<typeof Front>;
