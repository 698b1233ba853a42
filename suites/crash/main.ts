/**
 * `npm run crash -- [--times 100] [--seed N] [--signal SIGKILL] [--lane NAME …]`: kills runs at random moments on every lane
 * that this machine holds, or on those named, and looks for what is left by the machine's own means. A Markdown table; exit 0
 * where nothing is left and something was killed, 1 else. Nothing else may start or end on the machine meanwhile.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../harness/clock/clock.ts';
import { ordeal } from '../testing/command.ts';
import { type Crashed, crash } from './killings.ts';
import { CRASH_LANES, type CrashLane } from './lanes.ts';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(systemClock.wall()) % 2 ** 31) },
    signal: { type: 'string', default: 'SIGKILL' },
    lane: { type: 'string', multiple: true },
  },
});
const times = whole('times', values.times);
const seed = whole('seed', values.seed);
const signal = values.signal === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL';
const lanes = values.lane ? CRASH_LANES.filter(({ name }) => values.lane?.includes(name)) : await heldLanes();
if (times === 0 || lanes.length === 0) throw new Error('--times and --lane leave nothing to be killed');

const say = (line: string) => process.stderr.write(`${line}\n`);
const crashed: (Crashed & { lane: string; kills: number })[] = [];
for (const [index, { choices, name }] of lanes.entries()) {
  const kills = Math.floor((times + index) / lanes.length);
  if (kills === 0) continue;
  say(`lane ${name}: ${kills} times, seed ${seed + index}`);
  const outcome = await crash({ choices, seed: seed + index, times: kills, signal, tell: say });
  crashed.push({ ...outcome, lane: name, kills });
}
process.stdout.write(`${table()}\n`);
for (const { lane, left } of crashed) for (const line of left) say(`left by lane ${lane}: ${line}`);
process.exitCode = crashed.every(({ ended, kills, left }) => left.length === 0 && ended < kills) ? 0 : 1;

/** As the doctor finds them. */
async function heldLanes(): Promise<readonly CrashLane[]> {
  const found: Record<string, { ok: boolean }[]> = JSON.parse((await ordeal('doctor', '--json')).output);
  return CRASH_LANES.filter(({ name }) => found[name]?.every(({ ok }) => ok));
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} takes a whole number, got ${text}`);
}

function table(): string {
  const rows = crashed.map(
    ({ ended, kills, lane, left, waitedMs }) =>
      `| ${lane} | ${kills - ended} | ${ended} | ${left.length} | ${Math.round(waitedMs / 1_000)} s |`,
  );
  return [
    `| lane | ${signal} in the middle | had ended | left behind | until nothing was |`,
    '|---|---|---|---|---|',
    ...rows,
    '',
    `seed ${seed}`,
  ].join('\n');
}
