import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import { Driver } from './driver.ts';
import { gpuNodeFiles } from './layout.ts';
import type { LedgerEntry } from './ledger-writer.ts';
import { GpuNodeSettings } from './settings.ts';

/** Whose timers come so late, as on a machine that has other things to do. */
class LateClock extends ManualClock {
  readonly #lateMs: number;

  constructor(lateMs: number) {
    super();
    this.#lateMs = lateMs;
  }

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(ms + this.#lateMs, signal);
  }
}

describe('the fake driver', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'driver-test-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** The bindings of three allocations at once, each 100 ms of which 10 under the lock. */
  const bind = async (lateMs: number, workers = 3) => {
    const clock = new LateClock(lateMs);
    const bound: { took: number; late: number }[] = [];
    const driver = new Driver({
      node: 'n',
      files: gpuNodeFiles(folder),
      settings: GpuNodeSettings.parse({ workers, latencyMs: [100, 100], lockMs: 10 }),
      clock,
      ledger: {
        write(entry: LedgerEntry) {
          if (entry.type === 'driver.associated') bound.push({ took: clock.mono(), late: entry.lateMs });
        },
      },
    });
    for (const device of ['a', 'b', 'c']) void driver.associate(`allocation of ${device}`, device);
    // Once for what is begun in turn, and then for what is slept through.
    await clock.advance(0);
    await clock.advance(2_000);
    return bound;
  };

  it('serialises what the lock covers, and with one worker everything', async () => {
    expect((await bind(0)).map(({ took }) => took)).to.deep.equal([100, 110, 120]);
    expect((await bind(0, 1)).map(({ took }) => took)).to.deep.equal([100, 200, 300]);
  });

  it('draws the same latencies for the same seed, and others for another', async () => {
    const latencies = async (seed: number) => {
      const clock = new ManualClock();
      const drawn: number[] = [];
      const driver = new Driver({
        node: 'n',
        files: gpuNodeFiles(folder),
        settings: GpuNodeSettings.parse({ latencyMs: [200, 300], seed }),
        clock,
        ledger: {
          write(entry: LedgerEntry) {
            if (entry.type === 'driver.associated') drawn.push(entry.serviceMs);
          },
        },
      });
      for (let index = 0; index < 8; index++) void driver.associate(`${index}`, `${index}`);
      await clock.advance(0);
      await clock.advance(8 * 300);
      expect(drawn).to.have.length(8);
      return drawn;
    };
    const first = await latencies(7);
    expect(await latencies(7)).to.deep.equal(first);
    expect(new Set([...first, ...(await latencies(8))])).to.have.property('size', 16);
    for (const ms of first) expect(ms).to.be.within(200, 300);
  });

  it('tells how late the machine was: by its own timers, and by those before it at the lock', async () => {
    const late = await bind(40);
    expect(late.map(({ took, late }) => took - late)).to.deep.equal([100, 110, 120]);
    expect(late.map(({ late }) => late)).to.deep.equal([80, 120, 160]);
  });
});
