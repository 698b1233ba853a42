import { z } from 'zod';

/**
 * What one fake GPU node writes down, a JSON line each: the first ledger (what the plugin allocated and the driver
 * associated) and the second (what PodResources says). `at` is wall milliseconds of the node with fractions; `mono` is
 * the node process's monotonic clock and the only one that intervals are taken from.
 */
const stamp = { at: z.number(), mono: z.number() };

export const LedgerLine = z.discriminatedUnion('type', [
  z.strictObject({ ...stamp, type: z.literal('agent.started'), node: z.string(), pid: z.int() }),
  /** Nothing is faked on this node: its GPUs are somebody's, and PodResources is only read. */
  z.strictObject({ ...stamp, type: z.literal('agent.watching'), resource: z.string() }),
  z.strictObject({ ...stamp, type: z.literal('settings.applied'), settings: z.unknown() }),
  z.strictObject({ ...stamp, type: z.literal('settings.refused'), reason: z.string() }),
  z.strictObject({ ...stamp, type: z.literal('fault.applied'), id: z.string(), kind: z.string() }),
  /** `by`: asked for, or the deadline passed. */
  z.strictObject({
    ...stamp,
    type: z.literal('fault.lifted'),
    id: z.string(),
    kind: z.string(),
    by: z.enum(['request', 'deadline']),
  }),
  z.strictObject({ ...stamp, type: z.literal('plugin.serving'), endpoint: z.string() }),
  z.strictObject({
    ...stamp,
    type: z.literal('plugin.registered'),
    endpoint: z.string(),
    resource: z.string(),
  }),
  z.strictObject({ ...stamp, type: z.literal('plugin.register-failed'), reason: z.string() }),
  z.strictObject({ ...stamp, type: z.literal('plugin.stopped'), reason: z.string() }),
  /** Sent on ListAndWatch. */
  z.strictObject({
    ...stamp,
    type: z.literal('plugin.devices'),
    healthy: z.array(z.string()),
    unhealthy: z.array(z.string()),
  }),
  /** One container's Allocate, as asked; the answer is `plugin.allocated`. */
  z.strictObject({
    ...stamp,
    type: z.literal('plugin.allocate'),
    allocation: z.string(),
    devices: z.array(z.string()),
  }),
  z.strictObject({
    ...stamp,
    type: z.literal('plugin.allocated'),
    allocation: z.string(),
    devices: z.array(z.string()),
    waitedMs: z.number(),
    error: z.string().optional(),
  }),
  z.strictObject({
    ...stamp,
    type: z.literal('plugin.prestart'),
    devices: z.array(z.string()),
    waitedMs: z.number(),
    error: z.string().optional(),
  }),
  /**
   * An association stands. queuedMs: for a worker and the lock; serviceMs: the association itself; injectedMs: that part
   * of serviceMs that a bind-delay fault put in. lateMs: by how much a busy machine's timers overshot what was drawn, in
   * serviceMs and, of those before it, while it waited for the lock.
   */
  z.strictObject({
    ...stamp,
    type: z.literal('driver.associated'),
    allocation: z.string(),
    device: z.string(),
    queuedMs: z.number(),
    serviceMs: z.number(),
    injectedMs: z.number(),
    /** What was drawn for it, without what was injected: the seed's, whatever the machine's timers were. */
    drawnMs: z.number(),
    lateMs: z.number(),
  }),
  z.strictObject({ ...stamp, type: z.literal('driver.lost'), device: z.string() }),
  z.strictObject({ ...stamp, type: z.literal('driver.restored'), device: z.string() }),
  /** The container runtime applied its rules anew; `revoked`: associations that are gone by it, `<uuid>.<allocation>`. */
  z.strictObject({
    ...stamp,
    type: z.literal('driver.reloaded'),
    associations: z.int(),
    revoked: z.array(z.string()),
  }),
  z.strictObject({ ...stamp, type: z.literal('driver.reassociated'), restored: z.array(z.string()) }),
  /** Devices that are listed and do no work, from now on. */
  z.strictObject({ ...stamp, type: z.literal('driver.workless'), devices: z.array(z.string()) }),
  /** PodResources List; written when it differs from the last one. Only entries of the resource. */
  z.strictObject({
    ...stamp,
    type: z.literal('podresources'),
    requestedAt: z.number(),
    pods: z.array(
      z.strictObject({
        namespace: z.string(),
        pod: z.string(),
        container: z.string(),
        devices: z.array(z.string()),
      }),
    ),
  }),
  z.strictObject({ ...stamp, type: z.literal('podresources.failed'), reason: z.string() }),
  /** Its Prometheus endpoint is there. */
  z.strictObject({ ...stamp, type: z.literal('exporter.serving'), port: z.int() }),
  z.strictObject({ ...stamp, type: z.literal('exporter.failed'), reason: z.string() }),
]);
export type LedgerLine = z.infer<typeof LedgerLine>;
