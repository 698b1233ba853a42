import { expect } from 'chai';
import { OrdealError } from '../../../harness/errors/error.ts';
import { Plan } from '../../../harness/plan/schema.ts';
import { inClusterMachineFor } from './machine.ts';

const refusal = (plan: object): string => {
  try {
    inClusterMachineFor(Plan.parse(plan));
  } catch (error) {
    if (error instanceof OrdealError) return error.format();
    throw error;
  }
  return 'not refused';
};

describe('a plan for a harness in its own cluster', () => {
  it('is refused on a cluster that is none yet', () => {
    const said = refusal({ cluster: { provider: 'kind', inCluster: true } });
    expect(said).to.match(/^PLAN_INVALID: .*cluster\.inCluster: expected the provider existing, got kind/s);
  });

  it('is refused where it rests on what only this machine has', () => {
    const cluster = { provider: 'existing', inCluster: true };
    const settings = { checkpoints: { endpoint: 'http://s3', bucket: 'b' }, exporter: {} };
    const said = refusal({ cluster, suites: [{ name: 'gpu', settings }] });
    expect(said).to.contain('suites.0.settings.checkpoints').and.contain('suites.0.settings.exporter');
    const off = { checkpoints: false, exporter: false };
    expect(refusal({ cluster, suites: [{ name: 'gpu', settings: off }] })).to.equal('not refused');
  });
});
