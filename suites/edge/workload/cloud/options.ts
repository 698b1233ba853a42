import { z } from 'zod';

const Endpoint = z.strictObject({ host: z.string(), port: z.int() });

export const CloudOptions = z.strictObject({
  /**
   * Where the broker and the echoes of UDP datagrams listen: that of the tunnels, and that of the hosts' own network. What
   * is left out another program of the cloud serves.
   */
  mqtt: Endpoint.optional(),
  echo: Endpoint.optional(),
  hostEcho: Endpoint.optional(),
  /** `mosquitto` is started as that command, with a configuration file in `folder`. */
  broker: z.enum(['aedes', 'mosquitto']),
  /** A folder of the program's own: a mosquitto keeps its sessions in it. */
  folder: z.string(),
  /** Of the subscriber at a mosquitto: 4 is MQTT 3.1.1, 5 is MQTT 5. */
  protocol: z.literal([4, 5]),
  /** A message that was longer on its way arrived late. */
  lateMs: z.number().nonnegative(),
  ledgerMs: z.int().min(1),
});
export type CloudOptions = z.infer<typeof CloudOptions>;

/** Of a program that has the broker. */
export type BrokerOptions = CloudOptions & { mqtt: z.infer<typeof Endpoint> };
