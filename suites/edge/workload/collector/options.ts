import { z } from 'zod';

export const CollectorOptions = z.strictObject({
  /** Its name at the broker too: the name of the node. */
  publisher: z.string().min(1),
  broker: z.strictObject({ host: z.string(), port: z.int() }),
  /** 4: MQTT 3.1.1; 5: MQTT 5. */
  protocol: z.literal([4, 5]),
  qos: z.literal([0, 1, 2]),
  /** Measurements a second. */
  rate: z.number().positive(),
  /** Messages that wait here while there is no connection, at the most; what comes on top is dropped and counted. */
  store: z.int().nonnegative(),
  /** Messages at the broker's door without its acknowledgement, at the most. */
  inFlight: z.int().min(1),
  /** MQTT's keepalive, in whole seconds: a dead connection is noticed after 1.5 of them. */
  keepaliveSeconds: z.int().min(1),
  connectTimeoutMs: z.int().min(1),
  reconnectMs: z.int().min(1),
  /** How long the broker keeps the session of an MQTT 5 client that is away. */
  sessionExpirySeconds: z.int().nonnegative(),
  /** At least one ledger line in so long. */
  ledgerMs: z.int().min(1),
  /** For the livenessProbe: accepts while the process can. */
  tcpPort: z.int(),
  /** For the readinessProbe: GET /ready is 200 while connected, else 503. */
  httpPort: z.int(),
});
export type CollectorOptions = z.infer<typeof CollectorOptions>;
