import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { History } from '../../harness/history/event.ts';
import {
  binomial,
  type Chance,
  exponential,
  poisson,
  shareOf,
  slackOf,
} from '../../harness/verdict/testing/simulation.ts';
import { Level } from '../../harness/verdict/verdict.ts';
import { checkDisconnect } from '../edge/checkers/disconnect.ts';
import { DAY_MS, day, type Span } from '../edge/testing/story.ts';
import { checkBindLatency } from '../gpu/checkers/bind-latency.ts';
import { checkDoubleUse } from '../gpu/checkers/double-use.ts';
import { checkFalseAllocation } from '../gpu/checkers/false-allocation.ts';
import { checkStartSuccess } from '../gpu/checkers/start-success.ts';
import { Written } from '../gpu/testing/written.ts';
import type { Judged, Target } from '../judged.ts';
import { type Counted, observations } from './observations.ts';
import { PROBABILITIES, powerOf } from './power.ts';
import { powerTable } from './table.ts';

const LOOKS = 2;

/** So many starts, one after the other, of which the first ones are bad. */
function starts(
  count: number,
  bad: number,
  spoil: (written: Written, name: string, at: number) => void,
): History {
  const written = new Written();
  for (let index = 0; index < count; index++) {
    if (index < bad) spoil(written, `p${index}`, index * 2_000);
    else written.start(`p${index}`, 'gpu-0', index * 2_000);
  }
  return written.events;
}

/** Allocations in pairs at once, each of which takes so many ms. */
function bindings(latencies: readonly number[]): History {
  const written = new Written();
  for (let first = 0; first < latencies.length; first += 2) {
    const at = first * 10_000;
    const pair = latencies.slice(first, first + 2).map((ms, index) => ({ id: `${first + index}`, ms }));
    for (const { id } of pair) written.allocate(id, [`gpu-${id}`], at);
    for (const { id, ms } of pair.sort((a, b) => a.ms - b.ms)) written.associate(id, `gpu-${id}`, at + ms);
  }
  return written.events;
}

const blind = (written: Written, name: string, at: number) =>
  written
    .allocate(`a-${name}`, ['gpu-0'], at)
    .listed([name, 'gpu-0'])
    .pod(name)
    .probe(name, `a-${name}`, 0, [], at + 1_000)
    .probe(name, `a-${name}`, 1, ['gpu-0'], at + 1_200);

/** What the suites' own checkers say of a run with so many bad ones. */
const judges: Record<string, (size: number, bad: number, target: Target) => Judged> = {
  'GPU-1': (size, bad, target) => checkFalseAllocation(starts(size, bad, blind), target, LOOKS),
  'GPU-2': (size, bad, target) =>
    checkDoubleUse(
      starts(size, bad, (written, name, at) =>
        // It has the device that the one after it is given, and still looks at it then.
        written.start(name, 'gpu-0', at).probe(name, `a-${name}`, 2, ['gpu-0'], at + 3_100),
      ),
      target,
      LOOKS,
    ),
  'GPU-3': (size, bad, target) =>
    checkStartSuccess(
      starts(size, bad, (written, name) => written.pod(name, { phase: 'Pending', containers: [] })),
      target,
    ),
  'GPU-4': (size, bad, target) =>
    checkBindLatency(bindings(Array.from({ length: size }, (_, index) => (index < bad ? 900 : 250))), target),
};

const of = (id: string, level: Level) =>
  observations().find((each) => each.id === id && each.level === level) as Counted;
const THRESHOLDS: Record<string, number> = { 'GPU-1': 0, 'GPU-2': 0, 'GPU-3': 99.5, 'GPU-4': 500 };

describe('what a level sees', function () {
  this.timeout(60_000);

  it('is in README as it is computed', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    expect(readme, 'npm run power writes it').to.contain(`\n\n${powerTable()}\n`);
  });

  it('is refused as often as it says, simulated on its verdicts', () => {
    const rounds = 800;
    for (const [index, observed] of observations().entries()) {
      const { refused } = powerOf(observed);
      for (const probability of PROBABILITIES) {
        const rate = refused[probability];
        const draw = (next: Chance) =>
          observed.of === 'trials'
            ? binomial(next, observed.size, rate)
            : poisson(next, rate * observed.size);
        const share = shareOf(rounds, index, (next) => observed.verdict(draw(next)) === 'fail');
        const what = `${observed.id} ${observed.level} ${probability}`;
        expect(share, what).to.be.closeTo(probability, slackOf(probability, rounds));
      }
    }
  });

  it('passes as seldom as it says, and what is certified at the release level is nearly what it claims', () => {
    const rounds = 1_500;
    for (const observed of observations().filter(({ of }) => of === 'trials')) {
      const rate = powerOf(observed).passed as number;
      const passes = (next: Chance) => observed.verdict(binomial(next, observed.size, rate)) === 'pass';
      expect(shareOf(rounds, 1, passes), `${observed.id} ${observed.level}`).to.be.closeTo(
        0.05,
        slackOf(0.05, rounds),
      );
    }
    expect(powerOf(of('GPU-1', 'release')).passed).to.be.at.most(0.001);
    expect(powerOf(of('EDGE-2', 'release')).passed).to.be.at.most(0.001);
  });

  for (const [id, judge] of Object.entries(judges)) {
    it(`of ${id} is what its checker says of a record with so many bad ones`, () => {
      for (const level of Level.options) {
        const observed = of(id, level);
        const { size, verdict } = observed;
        let least = 0;
        while (verdict(least) !== 'fail') least += 1;
        const target = { level, threshold: THRESHOLDS[id] as number };
        for (const bad of new Set([0, least - 1, least, least + 1]))
          expect(judge(size, bad, target).verdict, `${level} ${bad}`).to.equal(verdict(bad));
      }
    });
  }

  it('of latencies is what it is by the checker, drawn from a distribution', () => {
    const observed = of('GPU-4', 'smoke');
    const rounds = 200;
    for (const probability of [0.5, 0.9] as const) {
      // Exponential above 200 ms, so scaled that as many as it says are above the threshold.
      const scale = (500 - 200) / -Math.log(powerOf(observed).refused[probability]);
      const refused = shareOf(rounds, 3, (next) => {
        const latencies = Array.from({ length: observed.size }, () => 200 + scale * exponential(next));
        return checkBindLatency(bindings(latencies), { level: 'smoke', threshold: 500 }).verdict === 'fail';
      });
      expect(refused).to.be.closeTo(probability, slackOf(probability, rounds));
    }
  });

  it('of disconnects is what it is by the checker, at random times', () => {
    const rounds = 60;
    const longMs = 11_000;
    // From the steady state of a story, to so long before its end that the disconnect is too long by then.
    const [from, to] = [2_500, DAY_MS - 10_000];
    const hours = (to - from) / 3_600_000;
    const { refused } = powerOf({ of: 'hours', size: hours, verdict: (bad) => (bad > 0 ? 'fail' : 'pass') });
    for (const probability of [0.5, 0.9] as const) {
      const meanMs = 3_600_000 / refused[probability];
      const share = shareOf(rounds, 4, (next) => {
        const tunnelDead: Span[] = [];
        for (let at = from + meanMs * exponential(next); at < to; at += meanMs * exponential(next))
          tunnelDead.push([at, at + longMs]);
        const history = day({ tunnelDead }).events;
        return checkDisconnect(history, { level: 'smoke', threshold: 10 }).verdict === 'fail';
      });
      expect(share).to.be.closeTo(probability, slackOf(probability, rounds));
    }
  });
});
