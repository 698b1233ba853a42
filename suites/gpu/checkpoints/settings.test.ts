import { expect } from 'chai';
import { OrdealError } from '../../../harness/errors/error.ts';
import { parsePlan } from '../../../harness/plan/load.ts';
import { gpuSuite } from '../suite.ts';

const resolved = (yaml: string) => gpuSuite.resolve(parsePlan(yaml, 'a test'));
const refusal = (yaml: string): string => {
  try {
    resolved(yaml);
  } catch (error) {
    if (error instanceof OrdealError && error.exit === 3) return error.format();
    throw error;
  }
  return 'accepted';
};
const asking = (checkpoints: string, more = '') =>
  `suites: [{name: gpu, settings: {checkpoints: ${checkpoints}}${more}}]`;

describe('a plan that asks for training with checkpoints', () => {
  it('is judged by GPU-8 and kills pods; one that does not ask is neither', () => {
    const ids = (yaml: string) => gpuSuite.requirements(resolved(yaml)).map(({ id }) => id);
    const faults = (yaml: string) => gpuSuite.scheduledFaults(resolved(yaml));
    expect(ids(asking('{}'))).to.include('GPU-8');
    expect(faults(asking('{}'))).to.include('pod-kill-1');
    for (const yaml of ['suites: [{name: gpu}]', asking('false')]) {
      expect(ids(yaml)).to.include('GPU-7').and.to.not.include('GPU-8');
      expect(faults(yaml)).to.not.include('pod-kill-1');
    }
  });

  it('has to name a store that pods reach, without its keys', () => {
    const on = (provider: string) => `cluster: {provider: ${provider}}\n`;
    expect(refusal(on('k3s') + asking('{}'))).to.match(
      /suites\.0\.settings\.checkpoints\.endpoint.*pods on k3s/,
    );
    expect(refusal(on('k3s') + asking('{endpoint: "http://minio:9000"}'))).to.equal('accepted');
    for (const provider of ['embedded', 'kind'])
      expect(refusal(on(provider) + asking('{}'))).to.equal('accepted');
    expect(refusal(asking('{endpoint: "ftp://minio"}'))).to.match(/an http or https address/);
    const told = refusal(asking('{endpoint: "http://me:very-secret@minio:9000"}'));
    expect(told)
      .to.match(/without credentials/)
      .and.to.not.contain('very-secret');
    expect(refusal(asking('{bucket: ../elsewhere}'))).to.match(/checkpoints\.bucket.*a bucket’s name/);
  });

  it('may not kill the pods of training that is not asked for', () => {
    const refused = refusal('suites: [{name: gpu, faults: [{kind: load/pod-kill}]}]');
    expect(refused).to.match(/suites\.0\.faults\.0\.kind.*settings\.checkpoints asks for none/);
    expect(refusal(asking('{}', ', faults: [{kind: load/pod-kill}, {kind: load/pod-kill}]'))).to.match(
      /twice/,
    );
  });
});
