import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type NodeView, score } from '../../../clusters/embedded/node-fit.ts';
import { Driver } from '../../../clusters/gpu-node/driver.ts';
import { gpuNodeFiles } from '../../../clusters/gpu-node/layout.ts';
import { GpuNodeSettings } from '../../../clusters/gpu-node/settings.ts';
import { ManualClock } from '../../../harness/clock/testing/manual-clock.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import { Associations } from './associations.ts';
import { EventQueue } from './event-queue.ts';
import { Histogram } from './histogram.ts';
import { Placement } from './placement.ts';

describe('the queue of events', () => {
  it('has them in the order of their times, and those of one time in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3_000 }), (times) => {
        const queue = new EventQueue();
        for (const [index, at] of times.entries()) queue.put(at, index);
        const taken = times.map(() => {
          const at = queue.next;
          const what = queue.take();
          expect(times[what]).to.equal(at);
          return what;
        });
        const wanted = [...times.keys()].sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
        expect(taken).to.deep.equal(wanted);
        expect(queue.next).to.equal(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 30 },
    );
  });
});

describe('durations by block', () => {
  it('have their quantiles within half a percent, of the blocks that are asked for', () => {
    const durations = fc.array(fc.double({ min: 1, max: 1e8, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(durations, durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (first, second, p) => {
        const histogram = new Histogram(2);
        for (const ms of first) histogram.add(0, ms);
        for (const ms of second) histogram.add(1, ms);
        const found = histogram.quantile(p);
        const near = (value: number, values: readonly number[]) => {
          const exact = quantile(values, p) as number;
          expect(value).to.be.within(0.995 * exact - 1e-9, 1.0051 * exact);
        };
        near(found([1, 0]), first);
        near(found([0, 3]), second);
        near(found([1, 2]), [...first, ...second, ...second]);
        expect(found([0, 0])).to.be.NaN;
      }),
      { numRuns: 50 },
    );
  });
});

describe('the modelled driver', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ordeal-associations-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('associates at the times at which the fake GPU node’s own does, to the microsecond', async () => {
    const asks = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 });
    const knobs = fc.record({
      workers: fc.integer({ min: 1, max: 12 }),
      lockMs: fc.integer({ min: 0, max: 250 }),
      seed: fc.integer({ min: 0, max: 1_000 }),
    });
    await fc.assert(
      fc.asyncProperty(asks, knobs, fc.constantFrom(0, 300), async (gaps, drawn, extraMs) => {
        const settings = GpuNodeSettings.parse({ ...drawn, gpus: 8 });
        const clock = new ManualClock();
        const files = gpuNodeFiles(folder);
        const driver = new Driver({ node: 'n', files, settings, clock, ledger: { write: () => undefined } });
        driver.extraMs = extraMs;
        const model = new Associations(settings, xoroshiro128plus(settings.seed));
        const [stood, foreseen]: [number[], number[]] = [[], []];
        for (const [index, gap] of gaps.entries()) {
          await clock.advance(gap);
          void driver.associate(`a-${index}`, driver.devices[index % 8] as string).then(() => {
            stood[index] = clock.mono();
          });
          foreseen.push(model.associate(clock.mono(), extraMs));
          // It asks for its turn before time goes on.
          await clock.advance(0);
        }
        await clock.advance(60_000);
        for (const [index, at] of foreseen.entries()) expect(stood[index]).to.be.closeTo(at, 1e-3);
      }),
      { numRuns: 15 },
    );
  });

  it('has no association later for one worker more', () => {
    const asks = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 11 }), fc.nat(), (gaps, workers, seed) => {
        const [few, more] = [workers, workers + 1].map(
          (count) => new Associations(GpuNodeSettings.parse({ workers: count }), xoroshiro128plus(seed)),
        ) as [Associations, Associations];
        let at = 0;
        for (const gap of gaps) {
          at += gap;
          expect(more.associate(at)).to.be.at.most(few.associate(at) + 1e-9);
        }
      }),
    );
  });
});

describe('the modelled scheduler', () => {
  it('places where embedded’s own score is highest, and packs where it is lowest', () => {
    const [nodes, slots] = [5, 8];
    const steps = fc.array(fc.boolean(), { maxLength: 60 });
    fc.assert(
      fc.property(
        steps,
        fc.constantFrom('spread' as const, 'pack' as const),
        fc.nat(),
        (takes, policy, seed) => {
          const placement = new Placement(nodes, slots, policy, xoroshiro128plus(seed));
          const used = new Array<number>(nodes).fill(0);
          const held: number[] = [];
          for (const take of takes) {
            const back = take ? undefined : held.shift();
            if (back !== undefined) {
              placement.giveBack(back);
              used[back] = (used[back] as number) - 1;
              continue;
            }
            const scores = used.map((pods) => (pods < slots ? scoreOf(pods) : Number.NaN));
            const fitting = scores.filter((each) => !Number.isNaN(each));
            const node = placement.take();
            if (node === undefined) {
              expect(fitting).to.be.empty;
              continue;
            }
            expect(scores[node]).to.equal(policy === 'spread' ? Math.max(...fitting) : Math.min(...fitting));
            used[node] = (used[node] as number) + 1;
            held.push(node);
          }
        },
      ),
    );
  });
});

/** Of a pod of the incident on a node of the incident's, which so many others are on. */
function scoreOf(pods: number): number {
  const weight = { cpu: 16, memory: 64 * 2 ** 30 };
  const node = {
    allocatable: new Map([
      ['cpu', 192],
      ['memory', 2_048 * 2 ** 30],
    ]),
    used: new Map([
      ['weight/cpu', pods * weight.cpu],
      ['weight/memory', pods * weight.memory],
    ]),
  };
  return score({ weight } as Parameters<typeof score>[0], node as unknown as NodeView);
}
