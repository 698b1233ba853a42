import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { outFolder, type Started, startAs } from '../testing/command.ts';
import { type Traces, watchTraces } from '../testing/leftovers.ts';

/** Of a killed harness: the dead-men's lease, and the caretaker's rounds, on a busy machine. */
const GONE_MS = 360_000;
/** Of one that unwound itself there is nothing left when it has ended; processes that it ended may take as long to be gone. */
const SELF_GONE_MS = 10_000;
const BEGUN_MS = 120_000;
/** The last moment, in ms after the first signal, at which the second one comes: well within an unwinding. */
const LONGEST_BETWEEN_MS = 1_500;
/** What a caretaker writes that had to sweep up. */
const SWEPT = 'clean.log';

/** Signals to one harness, one after the other. */
export type Ending = readonly ['SIGKILL' | 'SIGTERM', ('SIGKILL' | 'SIGTERM')?];

export interface Killing {
  /** Arguments of `ordeal run`, without where its files go. */
  args: readonly string[];
  /** The last moment at which the harness is killed, in ms after it began to work: how long it takes to load, is the machine’s. */
  longestMs: number;
}

export interface Crash {
  seed: number;
  /** How often a harness is started and killed. */
  times: number;
  choices: readonly Killing[];
  ending: Ending;
  /** Told of each as it was killed, in a line. */
  tell(line: string): void;
}

export interface Crashed {
  /** Runs that had come to their end before they were killed. */
  ended: number;
  /**
   * What is there that was not, a line each, and what a harness did that unwinds itself and must not; empty where
   * everything was taken back.
   */
  left: string[];
  /** From a harness's end until nothing was left, or until it was waited no longer: the longest of all. */
  waitedMs: number;
}

/**
 * Starts runs one after the other and ends each harness at a random moment. One that was asked to end takes everything
 * back itself, says so by its exit code, and is looked after when it has ended; those that were killed are looked after
 * together behind the last of them. What is left, the machine itself tells.
 */
export async function crash({ choices, ending, seed, tell, times }: Crash): Promise<Crashed> {
  const random = xoroshiro128plus(seed);
  const unwinds = !ending.includes('SIGKILL');
  const traces = await watchTraces();
  const out = outFolder();
  const crashed: Crashed = { ended: 0, left: [], waitedMs: 0 };
  // At once: a long series may be cut short.
  const wrong = (line: string) => {
    crashed.left.push(line);
    tell(`  left: ${line}`);
  };
  // What one harness has left is told once, and not of those after it as well.
  const known = new Set<string>();
  const look = async (deadlineMs: number, of: string) => {
    const from = systemClock.mono();
    const left = await leftAfter(deadlineMs, traces, known);
    for (const line of left) {
      known.add(line);
      wrong(`${of}${line}`);
    }
    crashed.waitedMs = Math.max(crashed.waitedMs, systemClock.mono() - from);
  };
  try {
    for (let kill = 0; kill < times; kill += 1) {
      const { args, longestMs } = choices[uniformInt(random, 0, choices.length - 1)] as Killing;
      const afterMs = Math.round(uniformFloat64(random) * longestMs);
      const betweenMs = Math.round(uniformFloat64(random) * LONGEST_BETWEEN_MS);
      const folder = join(out, String(kill));
      const run = startAs({ env: { ...process.env, ...traces.env } }, ...['run', ...args, '--out', folder]);
      await begun(run, folder);
      await systemClock.sleep(afterMs);
      const had = run.child.exitCode;
      if (had !== null) crashed.ended += 1;
      await signalled(run, ending, betweenMs);
      const { code } = await run.ended;
      const how = had === null ? `${named(ending)} after ${afterMs} ms` : 'had ended';
      const said = `${kill + 1}: ${args.join(' ')}: ${how}, exit ${code ?? run.child.signalCode}`;
      tell(said);
      if (!unwinds) continue;
      const amiss = wronglyEnded(run, code);
      if (amiss !== undefined) wrong(`${said}: ${amiss}`);
      if (existsSync(join(folder, SWEPT))) wrong(`${said}: its caretaker had to sweep up`);
      await look(SELF_GONE_MS, `${said}: `);
    }
    if (!unwinds) await look(GONE_MS, '');
    return crashed;
  } finally {
    traces.remove();
    rmSync(out, { recursive: true, force: true });
  }
}

/** As a pipeline's table has it. */
export function named(ending: Ending): string {
  return ending.join('+');
}

/** It has made its folder, which it does before all else; or it has ended. */
async function begun({ child, output }: Started, folder: string): Promise<void> {
  await waitFor(() => existsSync(folder) || child.exitCode !== null, {
    what: 'the run to begin',
    deadlineMs: BEGUN_MS,
    intervalMs: 20,
    seen: output,
  });
}

async function signalled({ child, ended }: Started, [first, second]: Ending, betweenMs: number) {
  child.kill(first);
  if (second === undefined) return;
  await Promise.race([systemClock.sleep(betweenMs), ended]);
  child.kill(second);
}

/**
 * Interrupted after it had healed; by the signal itself where it had begun nothing, or nothing more to take back; or as it
 * would have ended, where its reports were written.
 */
function wronglyEnded({ child, output }: Started, code: number | null): string | undefined {
  if (code === EXIT.interrupted || (code === null && child.signalCode === 'SIGTERM')) return undefined;
  const seen = output();
  if (/^report: /m.test(seen) && code !== null && code <= EXIT.inconclusive) return undefined;
  return `no exit of an interrupted run: ${seen.slice(-500)}`;
}

/** What is left but for what is known by now, where it is not gone within the deadline. */
async function leftAfter(deadlineMs: number, traces: Traces, known: ReadonlySet<string>): Promise<string[]> {
  let left: string[] = [];
  const looked = waitFor(
    async () => {
      left = (await traces.left()).filter((line) => !known.has(line));
      return left.length === 0;
    },
    { what: 'nothing left', deadlineMs, intervalMs: 500, seen: () => left.join('\n') },
  );
  await looked.catch((error: unknown) => {
    if (!(error instanceof OrdealError && error.code === 'WAIT_DEADLINE')) throw error;
  });
  return left;
}

/** As a test. @param times `ORDEAL_KILLS` in its place where that is set. */
export async function killAndLook(
  times: number,
  choices: readonly Killing[],
  ending: Ending = ['SIGKILL'],
): Promise<void> {
  const seed = Number(process.env.ORDEAL_KILLS_SEED ?? systemClock.wall() % 2 ** 31);
  const told: string[] = [];
  const { left } = await crash({
    ...{ choices, ending, seed, tell: (line) => told.push(line) },
    times: Number(process.env.ORDEAL_KILLS ?? times),
  });
  expect(left, `seed ${seed}\n${told.join('\n')}`).to.deep.equal([]);
}
