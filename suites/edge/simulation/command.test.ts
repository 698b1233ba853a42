import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordeal, outFolder } from '../../testing/command.ts';

describe('ordeal simulate', () => {
  it('says first that it is modelled, and leaves all of it as JSON', async () => {
    const out = outFolder();
    const words = 'simulate -q --days 30 --nodes 2 --seed 7 --only none --only all --out';
    const { code, output } = await ordeal(...words.split(' '), out);
    expect(code, output).to.equal(0);
    expect(output.split('\n')[0]).to.match(/^modelled: 2 edge nodes over 30 days, seed 7\./);
    const written = JSON.parse(readFileSync(join(out, 'simulation.json'), 'utf8'));
    expect(written).to.deep.include({ schemaVersion: 1, evidence: 'modelled', seed: 7 });
    expect(written.parameters).to.deep.include({ nodes: 2, days: 30 });
  });

  it('names each parameter that is wrong', async () => {
    const words = 'simulate --days many --set defect.match=none --set rian.every=1h';
    const { code, output } = await ordeal(...words.split(' '));
    expect(code).to.equal(3);
    for (const path of ['days', 'defect.match', 'rian']) expect(output).to.include(path);
  });

  it('names the remedies that there are, where one is asked for that is none', async () => {
    const unknown = await ordeal('simulate', '--only', 'prayer');
    expect(unknown.code).to.equal(3);
    expect(unknown.output).to.include('prayer').and.to.include('offload off');
  });

  it('says of runs that it cannot be calibrated by what they lack', async () => {
    const folder = outFolder();
    writeFileSync(join(folder, 'events.jsonl'), '');
    writeFileSync(join(folder, 'plan.yaml'), 'suites: [{ name: edge }]\n');
    const empty = await ordeal('simulate', '-q', '--calibrate', folder);
    expect(empty.code, empty.output).to.equal(3);
    expect(empty.output).to.include('CALIBRATION_IMPOSSIBLE').and.to.include('network/partition');
  });
});
