import { expect } from 'chai';
import { OrdealError } from '../harness/errors/error.ts';
import { parsePlan } from '../harness/plan/load.ts';
import type { Plan } from '../harness/plan/schema.ts';
import { foreseen, refuseForeseen } from '../harness/radius/forecast.ts';
import { withRadius } from '../harness/radius/resolve.ts';
import type { Suite } from '../harness/run/ports.ts';
import { LINK_FAULTS } from './edge/link-faults.ts';
import { edgeSuite } from './edge/suite.ts';
import { gpuSuite } from './gpu/suite.ts';

const edge = edgeSuite({
  openNetwork: () => Promise.reject(new Error('nothing is opened here')),
  faults: LINK_FAULTS,
});
type Foretelling = Pick<Suite, 'name' | 'radius' | 'forecast' | 'resolve'>;
const SUITES: readonly Foretelling[] = [gpuSuite as unknown as Foretelling, edge as unknown as Foretelling];

function foretold(yaml: string): { plan: Plan; mistakes: string[] } {
  const draft = parsePlan(yaml, 'a test');
  const suites = draft.suites.flatMap(({ name }) => SUITES.filter((suite) => suite.name === name));
  const plan = withRadius(
    suites.reduce((so, suite) => suite.resolve(so), draft),
    suites.map(({ radius }) => radius),
  );
  const forecasts = suites.map((suite) => suite.forecast(plan));
  return { plan, mistakes: foreseen(plan, forecasts).map(({ message, path }) => `${path}: ${message}`) };
}

const both = 'suites: [{name: gpu}, {name: edge}]';
const faultsOf = (suite: string, faults: string, more = '') =>
  foretold(`suites: [{name: ${suite}, faults: ${faults}}]\n${more}`);

describe('the blast radius of a plan', () => {
  for (const provider of ['embedded', 'kind', 'k3s']) {
    it(`has room for what the suites break by themselves on ${provider}, and says all that it allows`, () => {
      const { mistakes, plan } = foretold(`${both}\ncluster: {provider: ${provider}}`);
      expect(mistakes).to.deep.equal([]);
      expect(plan.radius.nodes).to.deep.include({ workers: true, cloud: true, share: 100 });
      expect(plan.radius.resources).to.have.members(['nvidia.com/gpu', 'jobs', 'broker']);
      expect(plan.radius.hostNetwork).to.equal(false);
      expect(withRadius(plan, [])).to.deep.equal(plan);
    });
  }

  it('has no node of the control plane in it but where the plan, or the suite’s own topology, names one', () => {
    expect(foretold('suites: [{name: gpu}]').plan.radius.nodes.cloud).to.equal(false);
    const onKind = 'cluster: {provider: kind}\n';
    const named = faultsOf('edge', '[{kind: network/broker-restart}]', onKind);
    expect(named.mistakes).to.deep.equal([]);
    const spared = faultsOf(
      'edge',
      '[{kind: network/broker-restart}]',
      `${onKind}radius: {nodes: {cloud: false}}`,
    );
    expect(spared.mistakes.join('\n')).to.match(/^radius\.nodes: fault broker-restart-1 .* control plane/);
    // A wrong checksum towards the cloud may have to be made where it arrives.
    const wrong = faultsOf(
      'edge',
      '[{kind: network/checksum-corruption}]',
      `${onKind}radius: {nodes: {cloud: false}}`,
    );
    expect(wrong.mistakes.join('\n')).to.match(/checksum-corruption-1.* control plane/);
  });

  it('of an existing cluster is half of its nodes at once, unless the plan says more; how many it has is seen there', () => {
    const existing = 'suites: [{name: gpu}]\ncluster: {provider: existing, workers: 3}\n';
    const { mistakes, plan } = foretold(existing);
    expect(plan.radius.nodes.share).to.equal(50);
    expect(mistakes).to.deep.equal([]);
  });

  it('is counted over the faults of links that are held side by side', () => {
    const two = '[{kind: network/partition}, {kind: network/partition}]';
    const more = 'cluster: {provider: kind, workers: 4}\nradius: {nodes: {most: 1}}';
    expect(faultsOf('edge', two, more).mistakes.join('\n')).to.match(
      /^radius\.nodes\.most: fault partition-1/,
    );
    const onOne = '[{kind: network/partition, with: {link: 0}}, {kind: network/partition, with: {link: 0}}]';
    expect(faultsOf('edge', onOne, more).mistakes).to.deep.equal([]);
  });

  it('refuses, by the path that would have to name it, a resource, a node, an interface and a namespace', () => {
    const refused = (radius: string) => foretold(`${both}\nradius: ${radius}`).mistakes.join('\n');
    expect(refused('{resources: [jobs]}')).to.match(
      /^radius\.resources: fault bind-delay-1.*nvidia\.com\/gpu/,
    );
    expect(refused('{nodes: {names: [node-1]}}')).to.match(/radius\.nodes: fault bind-delay-1.*worker 2/);
    expect(refused('{interfaces: {names: [n0]}}')).to.match(/radius\.interfaces: .*interface n1 of worker/);
    expect(refused('{namespaces: {names: [kube-system]}}')).to.match(/radius\.namespaces: fault job-burst-1/);
  });

  it('takes names and no patterns, and no empty selector', () => {
    const wrong = (radius: string) => {
      try {
        foretold(`suites: [{name: gpu}]\nradius: ${radius}`);
      } catch (error) {
        if (error instanceof OrdealError && error.exit === 3) return error.format();
        throw error;
      }
      return 'accepted';
    };
    expect(wrong('{nodes: {names: []}}')).to.match(/radius\.nodes\.names .*an empty selector is refused/);
    expect(wrong("{nodes: {names: ['*']}}")).to.match(/radius\.nodes\.names\.0 .*there are no patterns/);
    expect(wrong("{namespaces: {names: ['']}}")).to.match(/radius\.namespaces\.names\.0/);
    expect(wrong('{resources: []}')).to.match(/radius\.resources/);
    expect(wrong('{interfaces: {names: []}}')).to.match(/radius\.interfaces\.names/);
    expect(wrong('{nodes: {share: 0}}')).to.match(/radius\.nodes\.share/);
    expect(wrong('{pods: all}')).to.match(/radius\.pods/);
  });

  it('is an error of its own code with exit 3', () => {
    const { plan } = foretold(`${both}\nradius: {resources: [jobs]}`);
    const refuse = () => refuseForeseen(plan, [gpuSuite.forecast(plan)]);
    expect(refuse).to.throw(OrdealError).with.property('code', 'BLAST_RADIUS');
    expect(refuse).to.throw(OrdealError).with.property('exit', 3);
  });
});
