import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { outFolder, startAs } from './command.ts';
import { watchTraces } from './leftovers.ts';

/** The dead-men's lease, and the caretaker's rounds, on a busy machine. */
const GONE_MS = 240_000;

export interface Killing {
  /** Arguments of `ordeal run`, without where its files go. */
  args: readonly string[];
  /** The last moment, in ms after its start, at which the harness is killed. */
  longestMs: number;
}

/**
 * Starts runs one after the other, kills each harness by SIGKILL at a random moment, and waits until nothing of all of
 * them is left.
 * @param count `ORDEAL_KILLS` in its place where that is set.
 */
export async function killAndLook(count: number, choices: readonly Killing[]): Promise<void> {
  const seed = Number(process.env.ORDEAL_KILLS_SEED ?? systemClock.wall() % 2 ** 31);
  const random = xoroshiro128plus(seed);
  const traces = await watchTraces();
  const out = outFolder();
  const told: string[] = [];
  try {
    for (let kill = 0; kill < Number(process.env.ORDEAL_KILLS ?? count); kill += 1) {
      const { args, longestMs } = choices[uniformInt(random, 0, choices.length - 1)] as Killing;
      const afterMs = Math.round(uniformFloat64(random) * longestMs);
      const run = startAs(
        { env: { ...process.env, ...traces.env } },
        'run',
        ...args,
        '--out',
        join(out, String(kill)),
      );
      await systemClock.sleep(afterMs);
      told.push(
        `${args.join(' ')}: ${run.child.exitCode === null ? `killed after ${afterMs} ms` : 'had ended'}`,
      );
      run.child.kill('SIGKILL');
      await run.ended;
    }
    let left: string[] = [];
    const looked = waitFor(
      async () => {
        left = await traces.left();
        return left.length === 0;
      },
      { what: 'nothing left', deadlineMs: GONE_MS, intervalMs: 2_000, seen: () => left.join('\n') },
    );
    await looked.catch(() => undefined);
    expect(left, `seed ${seed}\n${told.join('\n')}`).to.deep.equal([]);
  } finally {
    traces.remove();
    rmSync(out, { recursive: true, force: true });
  }
}
