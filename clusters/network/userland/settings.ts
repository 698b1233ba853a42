import { join } from 'node:path';
import { z } from 'zod';

const port = z.int().min(1).max(65_535);
const endpoint = z.strictObject({ host: z.string(), port });
const services = z.strictObject({ mqtt: endpoint, echo: endpoint });
const cloudServices = services.extend({ hostEcho: endpoint });

/** What a lab's process is started with, as a JSON file. */
export const LabSettings = z.strictObject({
  folder: z.string(),
  nodes: z.array(z.string().regex(/^[a-z0-9][a-z0-9.-]*$/)).min(1),
  seed: z.int(),
  stallMs: z.number().positive(),
  offload: z.boolean(),
  keepaliveSeconds: z.number().nonnegative(),
});
export type LabSettings = z.infer<typeof LabSettings>;

/** What it says when it is ready. */
export const LabReady = z.strictObject({
  relayPid: z.int(),
  cloud: cloudServices,
  links: z.array(z.strictObject({ node: z.string(), throughTunnel: services, byHost: services })),
});
export type LabReady = z.infer<typeof LabReady>;

/** What the relay's process is started with, and what it says when it is ready: a port for each link's edge. */
export const RelaySettings = z.strictObject({
  seed: z.int(),
  links: z.array(z.strictObject({ cloudPort: port, impairments: z.string(), state: z.string() })),
});
export type RelaySettings = z.infer<typeof RelaySettings>;
export const RelayReady = z.strictObject({ ports: z.array(port) });
export type RelayReady = z.infer<typeof RelayReady>;

/** The files of a lab. */
export function labFiles(folder: string) {
  return {
    settings: join(folder, 'lab.json'),
    log: join(folder, 'lab.log'),
    /** Orders for a running lab, see orders.ts. */
    control: join(folder, 'c.sock'),
    relaySettings: join(folder, 'relay.json'),
    relayLog: join(folder, 'relay.log'),
    impairments: (node: string) => join(folder, 'links', node, 'impairments.json'),
    relayState: (node: string) => join(folder, 'links', node, 'relay.json'),
  };
}
