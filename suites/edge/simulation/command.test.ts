import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordeal, outFolder } from '../../testing/command.ts';

describe('ordeal simulate', () => {
  it('says first that it is modelled, and writes the same as JSON', async () => {
    const out = outFolder();
    const { code, output } = await ordeal(
      'simulate',
      '-q',
      '--days',
      '30',
      '--nodes',
      '2',
      '--seed',
      '7',
      '--only',
      'none',
      '--only',
      'all',
      '--out',
      out,
    );
    expect(code, output).to.equal(0);
    expect(output.split('\n')[0]).to.match(/^modelled: 2 edge nodes over 30 days, seed 7\./);
    const written = JSON.parse(readFileSync(join(out, 'simulation.json'), 'utf8'));
    expect(written).to.deep.include({ schemaVersion: 1, evidence: 'modelled', seed: 7 });
    expect(written.parameters).to.deep.include({ nodes: 2, days: 30 });
    const again = await ordeal(
      'simulate',
      '-q',
      '--json',
      '--days=30',
      '--nodes=2',
      '--seed=7',
      '--only=none',
      '--only=all',
    );
    expect(JSON.parse(again.output)).to.deep.equal(written);
  });

  it('names each parameter that is wrong', async () => {
    const { code, output } = await ordeal(
      'simulate',
      '--days',
      'many',
      '--set',
      'defect.match=none',
      '--set',
      'rian.every=1h',
    );
    expect(code).to.equal(3);
    for (const path of ['days', 'defect.match', 'rian']) expect(output).to.include(path);
    const unknown = await ordeal('simulate', '--only', 'prayer');
    expect(unknown.code).to.equal(3);
    expect(unknown.output).to.include('prayer').and.to.include('offload off');
  });
});
