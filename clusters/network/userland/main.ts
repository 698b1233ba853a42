/** The process of a lab: `main.ts --config FILE`. Ready when it has printed a line of JSON; ends with its parent. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../harness/clock/clock.ts';
import { serveOrders } from '../../orders.ts';
import { Lab } from './lab.ts';
import { endWithParent } from './lifeline.ts';
import { LabSettings, labFiles } from './settings.ts';

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (!values.config) throw new Error('main.ts needs --config FILE');
const settings = LabSettings.parse(JSON.parse(readFileSync(values.config, 'utf8')));
const lab = new Lab(settings, systemClock);
const end = endWithParent(() => lab.close());
const ready = await lab.up();
// Without the relay there is no way to the cloud, and nothing that would bring it back.
void lab.relayEnded.then((how) => {
  process.stderr.write(`the relay has ended: ${how}\n`);
  void end();
});
await serveOrders(labFiles(settings.folder).control, ([verb, node, value]) => {
  const link = node === undefined ? undefined : lab.links.get(node);
  if (!link) return undefined;
  if (verb === 'offload' && value) link.offload = value === 'on';
  else if (verb === 'keepalive' && value) link.setKeepalive(Number(value) * 1_000);
  else if (verb === 'restart-tunnel') link.restartTunnel();
  else if (verb !== 'sample') return undefined;
  return { text: JSON.stringify({ ...link.sample(), offload: link.offload }) };
});
process.stdout.write(`${JSON.stringify(ready)}\n`);
