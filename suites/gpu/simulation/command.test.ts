import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordeal, outFolder } from '../../testing/command.ts';
import { run } from './command.ts';
import { Parameters } from './parameters.ts';
import { simulate } from './simulate.ts';
import { simulationText } from './text.ts';

/** A cluster so small that all of it is soon over. */
const small = Parameters.parse({
  nodes: 6,
  days: 1,
  warmUp: 0,
  load: { lasts: { least: '5m', most: '1h' } },
});

describe('the simulation of GPU bursts', () => {
  const simulation = simulate(small, [], () => undefined);

  it('compares the remedies, and says that it is a model', () => {
    expect(simulation).to.deep.include({ suite: 'gpu', evidence: 'modelled', seed: 1 });
    const row = (name: string) => simulation.rows.find(({ remedies }) => remedies === name);
    expect(row('none (the incident)')?.falsePercent.lower).to.be.above(10);
    for (const name of [
      'all (hardened)',
      'wait in Allocate',
      'wait in PreStartContainer',
      'worker pool of 12',
    ])
      expect(row(name)?.falseStarts, name).to.equal(0);
    for (const { bindP99Ms, falsePercent } of simulation.rows)
      for (const estimate of [bindP99Ms, falsePercent])
        expect(estimate?.figure).to.be.within(
          estimate?.lower ?? 0,
          estimate?.upper ?? Number.POSITIVE_INFINITY,
        );
  });

  it('sweeps the cap, and advises one that it has seen to do', () => {
    expect(simulation.caps.map(({ at }) => at)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    const used = simulation.caps.map(({ alone }) => alone.utilisationPercent.figure);
    expect(used[0]).to.be.below(13);
    const { alone, hardened } = simulation.cap ?? expect.fail('no advice');
    expect(simulation.caps.find(({ at }) => at === alone)?.alone.falsePercent.figure).to.be.at.most(0.1);
    expect(hardened).to.be.above(alone ?? 0);
  });

  it('has the incident only where two Jobs or more come at once', () => {
    const [one, two] = simulation.incidentJobs.map(({ alone }) => alone.falsePercent.figure);
    expect(one).to.be.below(1);
    expect(two).to.be.within(15, 45);
  });

  it('writes what a person reads as Markdown, modelled first', () => {
    const text = simulationText(simulation);
    expect(text.split('\n')[0]).to.match(
      /^modelled: 6 nodes of 8 GPUs over 1 days, seed 1\. Nothing of this was seen/,
    );
    for (const part of [
      '| none (the incident) |',
      'with no other remedy, a cap of',
      '✓ with all remedies no false',
    ])
      expect(text).to.include(part);
    const tables = text.split('\n').filter((line) => line.startsWith('|'));
    for (const line of tables) expect(line.split('|').length).to.be.within(9, 11);
  });
});

describe('ordeal simulate --suite gpu', function () {
  // Each starts the command anew, on a machine that others keep busy.
  this.timeout(60_000);

  it('leaves a page and all of it as JSON, beside the edge’s, each parameter set by its suite', async () => {
    const out = outFolder();
    const words =
      'simulate -q --suite edge --suite gpu --seed 7 --set edge.days=2 --set edge.nodes=1 --set gpu.nodes=2 --set gpu.days=0.2 --set gpu.warmUp=0';
    const { code, output } = await ordeal(...words.split(' '), '--out', out);
    expect(code, output).to.equal(0);
    expect(output)
      .to.match(/^modelled: 1 edge nodes over 2 days, seed 7\./)
      .and.to.include('modelled: 2 nodes of 8 GPUs');
    for (const suite of ['edge', 'gpu']) {
      const written = JSON.parse(readFileSync(join(out, `simulation-${suite}.json`), 'utf8'));
      expect(written).to.deep.include({ schemaVersion: 1, suite, evidence: 'modelled', seed: 7 });
    }
    const page = readFileSync(join(out, 'simulation.html'), 'utf8');
    expect(page)
      .to.include('Modelled: Edge life, GPU bursts')
      .and.to.not.match(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(existsSync(join(out, 'simulation.json'))).to.equal(false);
  });

  it('names what is wrong', async () => {
    const unknown = await ordeal('simulate', '--suite', 'weather');
    expect(unknown.code).to.equal(3);
    expect(unknown.output).to.include('edge, gpu');
    const stray = await ordeal('simulate', '--suite', 'edge', '--suite', 'gpu', '--set', 'days=3');
    expect(stray.code).to.equal(3);
    expect(stray.output).to.include('edge.days=3');
  });

  it('names each parameter that is wrong, and a remedy that is none', () => {
    const asked =
      (set: string[], only: string[] = []) =>
      () =>
        run({ set, only, runs: [] }, () => undefined);
    expect(asked(['load.jobs.most=0'])).to.throw(/load\.jobs\.most/);
    expect(asked(['driver.lock=5s'])).to.throw(/driver\.lock/);
    expect(asked([], ['prayer'])).to.throw(/prayer/);
  });
});
