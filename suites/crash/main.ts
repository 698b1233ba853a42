/**
 * `npm run crash -- [--times 100] [--seed N] [--signal SIGTERM …] [--lane NAME …] [--record FILE]`: ends runs at random
 * moments on every lane that this machine holds, or on those named, and looks for what is left by the machine's own means.
 * Unless signals are named, all endings take their turn: SIGKILL, SIGTERM, and a second one of either in the middle of the
 * unwinding (`SIGTERM+SIGTERM`). A Markdown table, of all series that were recorded in the file; exit 0 where in this one
 * nothing is left and something was ended in each row, 1 else. Nothing else may start or end on the machine meanwhile.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../harness/clock/clock.ts';
import { ordeal } from '../testing/command.ts';
import { crash, type Ending, named } from './killings.ts';
import { CRASH_LANES, type CrashLane } from './lanes.ts';
import { appendRow, crashTable, type Row, rowsIn } from './table.ts';

const ENDINGS: readonly Ending[] = [['SIGKILL'], ['SIGTERM'], ['SIGTERM', 'SIGTERM'], ['SIGTERM', 'SIGKILL']];

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(systemClock.wall()) % 2 ** 31) },
    signal: { type: 'string', multiple: true },
    lane: { type: 'string', multiple: true },
    record: { type: 'string' },
  },
});
const times = whole('times', values.times);
const seed = whole('seed', values.seed);
const endings = values.signal?.map((name) => one('signal', name, ENDINGS, named)) ?? ENDINGS;
const lanes =
  values.lane?.map((wanted) => one<CrashLane>('lane', wanted, CRASH_LANES, ({ name }) => name)) ??
  (await heldLanes());
const rows = lanes.flatMap((lane) => endings.map((ending) => ({ lane, ending })));
if (times === 0 || rows.length === 0) throw new Error('--times and --lane leave nothing to be killed');

const say = (line: string) => process.stderr.write(`${line}\n`);
const before = values.record === undefined ? [] : rowsIn(values.record);
const crashed: Row[] = [];
for (const [index, { ending, lane }] of rows.entries()) {
  const kills = Math.floor((times + index) / rows.length);
  if (kills === 0) continue;
  const of = { lane: lane.name, how: named(ending), seed: seed + index, kills };
  say(`lane ${of.lane}: ${of.how}, ${kills} times, seed ${of.seed}`);
  const outcome = await crash({ choices: lane.choices, ending, seed: of.seed, times: kills, tell: say });
  const row = { ...of, ...outcome };
  crashed.push(row);
  if (values.record !== undefined) appendRow(values.record, row);
}
process.stdout.write(`${crashTable([...before, ...crashed])}\n\nseed ${seed}\n`);
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

function one<T>(option: string, wanted: string, all: readonly T[], nameOf: (each: T) => string): T {
  const found = all.find((each) => nameOf(each) === wanted);
  if (found) return found;
  throw new Error(`--${option} takes one of ${all.map(nameOf).join(', ')}, got ${wanted}`);
}
