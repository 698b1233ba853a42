/** The process of a lab's relays: `main.ts --config FILE`. Ready when it has printed a line of JSON. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { systemClock } from '../../../../harness/clock/clock.ts';
import { endWithParent } from '../lifeline.ts';
import { type RelayReady, RelaySettings } from '../settings.ts';
import { Relay } from './relay.ts';

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (!values.config) throw new Error('main.ts needs --config FILE');
const { links, seed } = RelaySettings.parse(JSON.parse(readFileSync(values.config, 'utf8')));
endWithParent(async () => undefined);
const relays = await Promise.all(
  links.map((link, index) =>
    Relay.open({ ...link, random: xoroshiro128plus(seed + index), clock: systemClock }),
  ),
);
const ready: RelayReady = { ports: relays.map(({ port }) => port) };
process.stdout.write(`${JSON.stringify(ready)}\n`);
