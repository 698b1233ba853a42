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
    const summaries = await inTurns(
      [of('a', 3), of('b', 1), of('c', 2)],
      () => undefined,
      new AbortController().signal,
    );
    expect(order).to.deep.equal(['a', 'b', 'c', 'a', 'c', 'a']);
    expect(
      summaries.map(({ benchmark: name, least, median, most }) => [name, least, median, most]),
    ).to.deep.equal([
      ['a', 1, 4, 6],
      ['b', 2, 2, 2],
      ['c', 3, 3, 5],
    ]);
  });

  it('ends with what a round throws', async () => {
    const failing = benchmark('a', 1, async () => {
      throw new Error('no');
    });
    const error = await inTurns([failing], () => undefined, new AbortController().signal).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.an('error').with.property('message', 'no');
  });

  it('prints a figure with its range and its goal, a single round without a range', () => {
    const figure = (value: number, goal?: number) => ({
      ...{ name: 'error', value, unit: 'ms' },
      ...(goal !== undefined && { goal }),
    });
    expect(
      table([
        ...summarise('a', [[figure(1.2345, 50)], [figure(1234.5, 50)], [figure(20, 50)]]),
        ...summarise('b', [[{ name: 'missed', value: 0, unit: '' }]]),
      ]),
    ).to.equal(
      [
        '| benchmark | figure | median | range | rounds | goal |',
        '| --- | --- | --- | --- | --- | --- |',
        '| a | error | 20 ms | 1.23 – 1235 ms | 3 | ≤ 50 ms |',
        '| b | missed | 0 |  | 1 |  |',
        '',
      ].join('\n'),
    );
  });
});
