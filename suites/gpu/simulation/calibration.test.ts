import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Plan } from '../../../harness/plan/schema.ts';
import { resolve } from '../settings.ts';
import { Written } from '../testing/written.ts';
import { calibrate, observed } from './calibration.ts';
import { Parameters } from './parameters.ts';
import { fitOf, type Observation } from './recorded.ts';

const parameters = Parameters.parse({});

/**
 * Runs of `ordeal ablate --suite gpu --level smoke` on embedded with seeds 1 to 3, on two processors that others used as
 * well: what `observed` had of them, times to a tenth of a millisecond.
 */
const recorded = readFileSync(join(import.meta.dirname, 'fixtures', 'embedded-runs.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as { dir: string; observation: Observation });

describe('a calibration of the GPU model', () => {
  it('predicts recorded runs that it did not know, under remedies that it did not know either', () => {
    const found = calibrate(recorded, parameters) ?? expect.fail('too few runs');
    expect(found.calibrating).to.equal(4);
    const runs = new Set(found.heldOut.map(({ run }) => run));
    expect([...runs]).to.include.members(['none-2', 'pool-2', 'hardened-1', 'gate-2', 'pool-and-gate-3']);
    expect([...runs]).to.not.include.members(['none-1', 'none-3', 'pool-1', 'pool-3']);
    expect(found.heldOut).to.have.length(3 * runs.size);
    // 95 % each; what two runs of one machine share is not theirs alone.
    expect(found.within.figure).to.be.at.least(90);
    // An interval that has room for anything predicts nothing: with a pool there is no false allocation, without there are some.
    const falsely = (run: string) =>
      found.heldOut.find((each) => each.run === run && each.figure === 'false allocations')?.predicted;
    expect(falsely('hardened-1')).to.deep.equal({ lower: 0, upper: 0 });
    expect(falsely('none-2')?.lower).to.be.above(0);
    expect(falsely('none-2')?.upper).to.be.below(45);
    expect(found.fit.start.p50).to.be.within(1_000, 1_600);
  });

  it('says of a run that went otherwise that it did', () => {
    const otherwise = recorded.map((run) =>
      run.dir === 'none-2'
        ? { ...run, observation: { ...run.observation, falseStarts: run.observation.starts } }
        : run,
    );
    const outside = calibrate(otherwise, parameters)?.heldOut.filter(({ within }) => !within);
    expect(outside?.map(({ figure, run }) => `${run} ${figure}`)).to.include('none-2 false allocations');
  });

  it('says nothing where too few calibrate, or none is held out', () => {
    expect(calibrate([], parameters)).to.equal(undefined);
    expect(calibrate(recorded.slice(0, 2), parameters)).to.equal(undefined);
    expect(
      calibrate(
        recorded.filter(({ dir }) => dir.startsWith('gate')),
        parameters,
      ),
    ).to.equal(undefined);
  });
});

describe('what is observed of a recorded run', () => {
  const plan = resolve(Plan.parse({ profile: 'incident', suites: [{ name: 'gpu' }] }));
  const written = () =>
    new Written()
      .add('node/w1', 'ledger.plugin.registered', { at: 0, mono: 0, type: 'plugin.registered' })
      .add('suite/gpu', 'job.created', { job: 'steady-1', at: 0, replicas: 1, phase: 'steady' })
      .start('a', 'gpu-0', 1_000)
      .add('suite/gpu', 'job.created', { job: 'burst-2', at: 0, replicas: 1, phase: 'burst' })
      .add('suite/gpu', 'job.created', { job: 'burst-3', at: 0, replicas: 1, phase: 'burst' })
      .add('suite/gpu', 'job.created', { job: 'bystanders-3', at: 0, replicas: 3, phase: 'burst' })
      .allocate('a-b', ['gpu-1'], 5_000)
      .associate('a-b', 'gpu-1', 7_000, { queuedMs: 1_600, serviceMs: 400, injectedMs: 150, lateMs: 12 })
      .listed(['b', 'gpu-1'])
      .pod('b')
      .probe('b', 'a-b', 0, [], 6_000)
      .probe('b', 'a-b', 1, ['gpu-1'], 7_500);

  it('is the waves, what was falsely allocated, and each binding less what was injected into it', () => {
    const [run] = observed([{ dir: 'run', plan, history: written().events }]);
    expect(run?.observation).to.deep.include({
      nodes: 1,
      waves: [
        { pods: 1, extraMs: 0 },
        { pods: 2, extraMs: 0 },
      ],
      starts: 2,
      falseStarts: 1,
      bindMs: [250, 1_850],
      lateMs: [0, 12],
    });
  });

  it('has a wave come to one group of the nodes', () => {
    const history = new Written()
      .add('node/w2', 'ledger.plugin.registered', { at: 0, mono: 0, type: 'plugin.registered' })
      .add('node/w3', 'ledger.plugin.registered', { at: 0, mono: 0, type: 'plugin.registered' })
      .add('node/w4', 'ledger.plugin.registered', { at: 0, mono: 0, type: 'plugin.registered' })
      .events.concat(written().events);
    const grouped = resolve(
      Plan.parse({ profile: 'incident', suites: [{ name: 'gpu', settings: { groups: 2 } }] }),
    );
    expect(observed([{ dir: 'run', plan: grouped, history }])[0]?.observation.nodes).to.equal(2);
  });

  it('ends where the suite goes on to other faults', () => {
    const history = written()
      .add('suite/gpu', 'job.created', { job: 'restart-4', at: 0, replicas: 2, phase: 'restart' })
      .start('c', 'gpu-2', 9_000).events;
    expect(observed([{ dir: 'run', plan, history }])[0]?.observation.starts).to.equal(2);
  });

  it('tells how long a start takes only where it waited for nothing', () => {
    const run = recorded.find(({ dir }) => dir === 'pool-1')?.observation ?? expect.fail('no such run');
    expect(fitOf(run)?.start.p50).to.be.within(1_000, 1_300);
    expect(fitOf({ ...run, remedies: { ...run.remedies, wait: 'prestart' } })).to.equal(undefined);
    expect(fitOf({ ...run, remedies: { ...run.remedies, initGate: true } })).to.equal(undefined);
  });

  it('is nothing of a run in which nothing was bound', () => {
    expect(observed([{ dir: 'run', plan, history: [] }])).to.be.empty;
  });
});
