/** The process of one embedded cluster: `main.ts --config FILE [--detached]`. Ready when it has printed a line of JSON. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../harness/clock/clock.ts';
import { EmbeddedCluster } from './cluster.ts';
import { serveControl } from './control.ts';
import { ClusterSettings, clusterFiles } from './settings.ts';

const { values } = parseArgs({
  options: { config: { type: 'string' }, detached: { type: 'boolean', default: false } },
});
if (!values.config) throw new Error('main.ts needs --config FILE');
const settings = ClusterSettings.parse(JSON.parse(readFileSync(values.config, 'utf8')));
const files = clusterFiles(settings.folder);
const cluster = new EmbeddedCluster(settings, systemClock);

let ending = false;
const end = async () => {
  if (ending) return;
  ending = true;
  await cluster.stop();
  // Who takes the folder away waits until nobody answers any more: nothing is written into it from here on.
  closeControl?.();
  process.exit(0);
};
let closeControl: (() => void) | undefined;
process.on('SIGTERM', end);
process.on('SIGINT', end);
// However this process goes, short of SIGKILL, no container outlives it.
process.on('exit', () => cluster.killContainers());
if (!values.detached) {
  // The parent holds the other end: when it is gone, however it went, this process ends too.
  process.stdin.resume();
  process.stdin.on('end', end);
  process.stdin.on('error', end);
}

await cluster.start();
closeControl = await serveControl(files.control, {
  restartKubelet: (node) => cluster.kubelet(node).restart(),
  powerOff: (node) => cluster.kubelet(node).powerOff(),
  powerOn: (node) => cluster.kubelet(node).powerOn(),
  stop: () => void end(),
});
process.stdout.write(`${JSON.stringify({ kubeconfig: files.kubeconfig, nodes: cluster.nodeNames })}\n`);
