import { z } from 'zod';

/** Where the plugin waits until the driver's association stands. */
export const WaitPoint = z.enum(['none', 'allocate', 'prestart']);
export type WaitPoint = z.infer<typeof WaitPoint>;

/** Ways in which a plugin, or its driver, can be wrong, for proving that the suite refuses them. */
export const PluginDefect = z.enum([
  'none',
  /** Every allocation is given the node's first device, whatever the kubelet chose. */
  'duplicate-device',
  /** Every allocation is given the devices next to those that the kubelet chose. */
  'next-device',
  /** PreStartContainer answers before the association stands. */
  'early-prestart',
  /** Every fourth Allocate fails. */
  'failing-allocate',
  /** The last device that was allocated is not associated. */
  'forgotten-device',
  /** The driver drops an association a moment after it was made. */
  'dropped-association',
  /** Allocate answers with one container response too few. */
  'wrong-count',
  /** A lost device is still advertised Healthy. */
  'false-health',
  /** A device that was lost once is never advertised Healthy again. */
  'lasting-unhealth',
  /** After the plugin or the kubelet restarts, it knows of one device less. */
  'fewer-after-restart',
  /** After the plugin or the kubelet restarts, it never registers again. */
  'no-reregister',
]);
export type PluginDefect = z.infer<typeof PluginDefect>;

/** The knobs of one fake GPU node. */
export const GpuNodeSettings = z.strictObject({
  resource: z.string().default('nvidia.com/gpu'),
  gpus: z.int().min(1).max(64).default(8),
  /** Associations made at once. Incident: 1. Hardened: 1.5 × GPUs, 12 for 8. */
  workers: z.int().min(1).max(256).default(1),
  /** Milliseconds for one association, drawn uniformly. The incident's figures: 200–300. */
  latencyMs: z.tuple([z.number().nonnegative(), z.number().nonnegative()]).default([200, 300]),
  /** Milliseconds of each association during which the driver's node-wide lock is held; part of latencyMs. */
  lockMs: z.number().nonnegative().default(10),
  wait: WaitPoint.default('none'),
  /** A wait longer than this fails the call, or is retried. The remedy's figure: 5,000. 0: no timeout. */
  timeoutMs: z.int().nonnegative().default(0),
  retries: z.int().nonnegative().default(0),
  seed: z.int().default(1),
  defect: PluginDefect.default('none'),
});
export type GpuNodeSettings = z.infer<typeof GpuNodeSettings>;

/** What a harness asks a fake GPU node to do wrong for a while. `untilWall` is absolute (ms since the epoch): the dead-man. */
export const GpuFault = z.discriminatedUnion('kind', [
  /** `extraMs` is added to each association's service time. */
  z.strictObject({
    id: z.string(),
    kind: z.literal('bind-delay'),
    extraMs: z.number().nonnegative(),
    untilWall: z.number(),
  }),
  /** The plugin's server goes away (stream ends, socket removed); it comes back and registers `downMs` later. */
  z.strictObject({
    id: z.string(),
    kind: z.literal('plugin-restart'),
    downMs: z.number().nonnegative(),
    untilWall: z.number(),
  }),
  /** The driver loses these devices (by index); a truthful plugin advertises them Unhealthy. */
  z.strictObject({
    id: z.string(),
    kind: z.literal('device-unhealthy'),
    devices: z.array(z.int().nonnegative()).min(1),
    untilWall: z.number(),
  }),
]);
export type GpuFault = z.infer<typeof GpuFault>;
export const GpuFaults = z.strictObject({ faults: z.array(GpuFault) });
export type GpuFaults = z.infer<typeof GpuFaults>;

/** Device ID in the plugin's protocol, and the UUID that nvidia-smi shows: `GPU-<node>-<index>`. */
export function deviceId(node: string, index: number): string {
  return `GPU-${node}-${index}`;
}
