/** The process of one or more fake GPU nodes, or of those who watch nodes that have GPUs: `main.ts --config FILE [--lifeline]`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { systemClock } from '../../harness/clock/clock.ts';
import { Agent } from './agent.ts';
import { Watcher } from './watcher.ts';

const Config = z.strictObject({
  /** On a cluster that is someone's: the ledgers are told on standard output as well, and no device is left behind. */
  guest: z.boolean().default(false),
  /** Nothing is faked: what PodResources says of this resource is written down. */
  watch: z.string().optional(),
  nodes: z.array(
    z.strictObject({
      name: z.string(),
      devicePluginDir: z.string(),
      podResourcesDir: z.string(),
      stateDir: z.string(),
      /** Where the kubelet's host has the state folder; the same unless told. */
      hostStateDir: z.string().optional(),
      /** Where its Prometheus endpoint is; none unless told. */
      exporter: z.strictObject({ host: z.string().optional(), port: z.int() }).optional(),
    }),
  ),
});
export type AgentConfig = z.input<typeof Config>;

const { values } = parseArgs({
  options: { config: { type: 'string' }, lifeline: { type: 'boolean', default: false } },
});
// In a cluster the node's name comes by the downward API.
const text = values.config ? readFileSync(values.config, 'utf8') : (process.env.ORDEAL_GPU_CONFIG ?? '{}');
const { guest, nodes, watch } = Config.parse(JSON.parse(text));

const agents = nodes.map(({ name, hostStateDir, ...dirs }) => {
  const options = {
    node: name,
    ...dirs,
    clock: systemClock,
    ...(guest && { tell: (line: string) => process.stdout.write(line) }),
  };
  if (watch !== undefined) return new Watcher({ ...options, resource: watch });
  return new Agent({ ...options, hostStateDir: hostStateDir ?? dirs.stateDir, withdraw: guest });
});
for (const agent of agents) agent.start();
process.stdout.write(`${JSON.stringify({ ready: nodes.map(({ name }) => name) })}\n`);

let ending = false;
const end = async () => {
  if (ending) return;
  ending = true;
  await Promise.all(agents.map((agent) => agent.stop()));
  process.exit(0);
};
process.on('SIGTERM', end);
process.on('SIGINT', end);
if (values.lifeline) {
  // The parent holds the other end: when it is gone, however it went, this process ends too.
  process.stdin.resume();
  process.stdin.on('end', end);
  process.stdin.on('error', end);
}
