import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { outFolder, startAs } from '../testing/command.ts';
import { watchTraces } from '../testing/leftovers.ts';

/** The dead-men's lease, and the caretaker's rounds, on a busy machine. */
const GONE_MS = 240_000;

export interface Killing {
  /** Arguments of `ordeal run`, without where its files go. */
  args: readonly string[];
  /** The last moment, in ms after its start, at which the harness is killed. */
  longestMs: number;
}

export interface Crash {
  seed: number;
  /** How often a harness is started and killed. */
  times: number;
  choices: readonly Killing[];
  signal: 'SIGKILL' | 'SIGTERM';
  /** Told of each as it was killed, in a line. */
  tell(line: string): void;
}

export interface Crashed {
  /** Runs that had come to their end before they were killed. */
  ended: number;
  /** What is there that was not, a line each; empty where everything was taken back. */
  left: string[];
  /** From the last kill until nothing was left, or until it was waited no longer. */
  waitedMs: number;
}

/**
 * Starts runs one after the other, kills each harness at a random moment, and waits until nothing of all of them is left, as
 * the machine itself tells.
 */
export async function crash({ choices, seed, signal, tell, times }: Crash): Promise<Crashed> {
  const random = xoroshiro128plus(seed);
  const traces = await watchTraces();
  const out = outFolder();
  let ended = 0;
  try {
    for (let kill = 0; kill < times; kill += 1) {
      const { args, longestMs } = choices[uniformInt(random, 0, choices.length - 1)] as Killing;
      const afterMs = Math.round(uniformFloat64(random) * longestMs);
      const run = startAs(
        { env: { ...process.env, ...traces.env } },
        ...['run', ...args, '--out', join(out, String(kill))],
      );
      await systemClock.sleep(afterMs);
      const { exitCode } = run.child;
      if (exitCode !== null) ended += 1;
      tell(
        `${kill + 1}: ${args.join(' ')}: ${exitCode === null ? `${signal} after ${afterMs} ms` : `had ended with exit ${exitCode}`}`,
      );
      run.child.kill(signal);
      await run.ended;
    }
    const from = systemClock.mono();
    let left: string[] = [];
    const looked = waitFor(
      async () => {
        left = await traces.left();
        return left.length === 0;
      },
      { what: 'nothing left', deadlineMs: GONE_MS, intervalMs: 2_000, seen: () => left.join('\n') },
    );
    await looked.catch(() => undefined);
    return { ended, left, waitedMs: systemClock.mono() - from };
  } finally {
    traces.remove();
    rmSync(out, { recursive: true, force: true });
  }
}

/** As a test. @param times `ORDEAL_KILLS` in its place where that is set. */
export async function killAndLook(times: number, choices: readonly Killing[]): Promise<void> {
  const seed = Number(process.env.ORDEAL_KILLS_SEED ?? systemClock.wall() % 2 ** 31);
  const told: string[] = [];
  const { left } = await crash({
    ...{ choices, seed, signal: 'SIGKILL', tell: (line) => told.push(line) },
    times: Number(process.env.ORDEAL_KILLS ?? times),
  });
  expect(left, `seed ${seed}\n${told.join('\n')}`).to.deep.equal([]);
}
