import { expect } from 'chai';
import type { Benchmark } from './benchmark.ts';
import { inTurns, summarise } from './rounds.ts';
import { table } from './table.ts';

const benchmark = (name: string, rounds: number, round: Benchmark['round']): Benchmark => ({
  name,
  rounds,
  missing: async () => undefined,
  round,
});

describe('bench', () => {
  it('lets the rounds of several benchmarks take turns', async () => {
    const order: string[] = [];
    const of = (name: string, rounds: number) =>
      benchmark(name, rounds, async () => {
        order.push(name);
        return [{ name: 'time', value: order.length, unit: 's' }];
      });
    const { failed, summaries } = await inTurns(
      [of('a', 3), of('b', 1), of('c', 2)],
      () => undefined,
      new AbortController().signal,
    );
    expect(failed).to.deep.equal([]);
    expect(order).to.deep.equal(['a', 'b', 'c', 'a', 'c', 'a']);
    expect(
      summaries.map(({ benchmark: name, least, median, most }) => [name, least, median, most]),
    ).to.deep.equal([
      ['a', 1, 4, 6],
      ['b', 2, 2, 2],
      ['c', 3, 3, 5],
    ]);
  });

  it('goes on without a benchmark of which a round fails, and says why', async () => {
    let round = 0;
    const failing = benchmark('a', 3, async () => {
      round += 1;
      if (round === 2) throw new Error('no more');
      return [{ name: 'time', value: 1, unit: 's' }];
    });
    const other = benchmark('b', 3, async () => [{ name: 'time', value: 2, unit: 's' }]);
    const said: string[] = [];
    const { failed, summaries } = await inTurns(
      [failing, other],
      (line) => said.push(line),
      new AbortController().signal,
    );
    expect(failed).to.deep.equal(['a']);
    expect(round).to.equal(2);
    expect(said).to.include('a failed: no more');
    expect(summaries.map(({ benchmark: name, rounds }) => [name, rounds])).to.deep.equal([['b', 3]]);
  });

  it('ends with what the signal aborts it for', async () => {
    const abort = new AbortController();
    const interrupted = benchmark('a', 2, async () => {
      abort.abort(new Error('interrupted'));
      throw new Error('cut off');
    });
    const error = await inTurns([interrupted], () => undefined, abort.signal).catch((thrown) => thrown);
    expect(error).to.be.an('error').with.property('message', 'interrupted');
  });

  it('counts what one round measures several times', () => {
    const time = (value: number) => ({ name: 'time', value, unit: 's' });
    const [summary, ...rest] = summarise('a', [[time(3), time(1)], [time(2)]]);
    expect(rest).to.deep.equal([]);
    expect(summary).to.include({ rounds: 3, least: 1, median: 2, most: 3 });
  });

  it('prints a figure with its range, its goal and whether it was met, a single one without a range', () => {
    const figure = (value: number, goal: number) => ({ name: 'error', value, unit: 'ms', goal });
    expect(
      table([
        ...summarise('a', [[figure(1.2345, 50)], [figure(1234.5, 50)], [figure(20, 50)]]),
        ...summarise('b', [[{ name: 'lost', value: 0, unit: '' }]]),
        ...summarise('c', [[{ name: 'rate', value: 0.79, unit: '', atLeast: 0.8 }]]),
        ...summarise('d', [[{ name: 'rate', value: Number.NaN, unit: '', atLeast: 0.8 }]]),
      ]),
    ).to.equal(
      [
        '| benchmark | figure | median | range | measured | goal |  |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        '| a | error | 20 ms | 1.23 – 1235 ms | 3 × | ≤ 50 ms | met |',
        '| b | lost | 0 |  | 1 × |  |  |',
        '| c | rate | 0.79 |  | 1 × | ≥ 0.8 | missed |',
        '| d | rate | NaN |  | 1 × | ≥ 0.8 | missed |',
        '',
      ].join('\n'),
    );
  });
});
