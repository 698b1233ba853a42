import { expect } from 'chai';
import { kindProvider } from '../../clusters/kind/provider.ts';
import type { RequirementVerdict } from '../../harness/verdict/verdict.ts';
import { StandingCluster } from '../testing/standing-cluster.ts';
import { gpuSuite } from './suite.ts';

/** As little as shows it, for two processors hold the cluster and its tests: a Job alone, and two at once, twice. */
const SMALL = [
  ...['level=smoke', 'cluster.workers=1', 'suites.0.name=gpu'],
  ...['replicas=4', 'jobsAtOnce=2', 'starts=16', 'exporter={}'].map(
    (setting) => `suites.0.settings.${setting}`,
  ),
];

describe('what suite gpu asks of kind’s pod network', function () {
  this.timeout(400_000);
  let cluster: StandingCluster;

  before(async () => {
    cluster = new StandingCluster(kindProvider);
    await cluster.up('cluster.workers=1');
  });

  after(async () => {
    expect(await cluster.down()).to.deep.equal([]);
  });

  const judged = async (...set: string[]): Promise<(id: string) => RequirementVerdict> => {
    const { requirements } = await cluster.run(gpuSuite, [...SMALL, ...set]);
    return (id) => requirements.find((each) => each.id === id) as RequirementVerdict;
  };

  it('passes what the hardened nodes’ exporters say, and training with checkpoints in a store on this machine', async () => {
    const of = await judged(
      'profile=hardened',
      'suites.0.settings.checkpoints={trainers: 1}',
      'suites.0.faults=[{kind: load/job-burst}, {kind: load/pod-kill}]',
    );
    for (const id of ['GPU-8', 'GPU-9']) {
      const { evidence, reason, samples, verdict } = of(id);
      expect(verdict, `${id}: ${reason}`).to.equal('pass');
      expect(samples, id).to.be.above(0);
      expect(evidence).to.equal('real-kubernetes');
    }
  });

  it('refuses the incident for what its exporters say', async () => {
    const of = await judged(
      'profile=incident',
      'suites.0.faults=[{kind: gpu/bind-delay, with: {extra: 1s}}, {kind: load/job-burst}]',
    );
    const { measured, reason, verdict } = of('GPU-9');
    expect(verdict, reason).to.equal('fail');
    expect(measured).to.be.above(500);
  });
});
