import { expect } from 'chai';
import { OrdealError } from '../../harness/errors/error.ts';
import { parsePlan } from '../../harness/plan/load.ts';
import { requirements } from './requirements.ts';
import { scheduledFaults, scheduleOf } from './schedule.ts';
import { resolve } from './settings.ts';
import { sizesFor } from './upgrade.ts';

const planOf = (cluster: string, to: string) =>
  resolve(
    parsePlan(
      `cluster: ${cluster}\nsuites: [{name: gpu, faults: [{kind: cluster/upgrade, with: {to: ${to}}}]}]`,
      'a test',
    ),
  );
const refused = (cluster: string, to: string) => {
  try {
    scheduleOf(planOf(cluster, to));
  } catch (error) {
    if (error instanceof OrdealError && error.exit === 3) return error.format();
    throw error;
  }
  return 'accepted';
};

describe('an upgrade in a plan of suite gpu', () => {
  it('is a fault for each node, and asks for GPU-10', () => {
    const plan = planOf('{provider: kind, kubernetes: 1.33.13, workers: 2}', 'v1.34.4');
    expect(scheduleOf(plan).upgrade).to.deep.equal({ to: '1.34.4' });
    expect(scheduledFaults(plan)).to.deep.equal(['upgrade-1', 'upgrade-2', 'upgrade-3']);
    expect(requirements(plan).map(({ id }) => id)).to.include('GPU-10');
    const without = resolve(parsePlan('suites: [{name: gpu}]', 'a test'));
    expect(requirements(without).map(({ id }) => id)).not.to.include('GPU-10');
  });

  it('is refused by its path before there is a cluster: elsewhere, two minor versions at once, backwards, to no version', () => {
    const path = 'suites.0.faults.0.with.to';
    expect(refused('{provider: embedded}', '1.34.4')).to.contain(path).and.contain('clusters of kind');
    expect(refused('{provider: kind, kubernetes: 1.32.0}', '1.34.4'))
      .to.contain(path)
      .and.contain('one a step');
    expect(refused('{provider: kind}', '1.33.13')).to.contain(path).and.contain('no way back');
    expect(refused('{provider: kind, kubernetes: 1.33.13}', 'newest'))
      .to.contain(path)
      .and.contain('expected a version');
  });

  it('leaves room on the other workers for all that hold GPUs and for a Job beside', () => {
    const node = { gpusPerNode: 8, gpusPerReplica: 1, replicas: 8 };
    expect(sizesFor(2, node, { jobCap: 6 })).to.deep.equal({ standing: 4, fresh: 2 });
    expect(sizesFor(3, node, { jobCap: false })).to.deep.equal({ standing: 6, fresh: 8 });
    expect(sizesFor(2, { ...node, gpusPerReplica: 8 }, { jobCap: false })).to.deep.equal({
      standing: 1,
      fresh: 0,
    });
    // Alone, a worker has nowhere to send them: they wait until it is back.
    expect(sizesFor(1, node, { jobCap: 6 })).to.deep.equal({ standing: 2, fresh: 0 });
  });
});
