import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { Plan } from '../../../harness/plan/schema.ts';
import { RESOURCE, type Remedies, resolve, settingsOf } from '../settings.ts';
import { type Framework, JOB_SLOT, trainingJob } from './jobs.ts';

describe('a training Job', () => {
  const { settings, remedies } = settingsOf(resolve(Plan.parse({ profile: 'hardened' })));
  const job = (framework: Framework, more: Partial<Remedies> = {}) => {
    const made = trainingJob({
      name: 'train',
      namespace: 'n',
      image: 'image',
      framework,
      settings,
      remedies: { ...remedies, ...more },
    });
    const [main] = made.spec?.template.spec?.containers ?? [];
    return { ...made, main, init: made.spec?.template.spec?.initContainers };
  };

  it('is the incident’s: 8 replicas with a GPU each, 16 CPUs and 64 Gi', () => {
    const { spec, main } = job('pytorch');
    expect(spec).to.include({ parallelism: 8, completions: 8, completionMode: 'Indexed' });
    expect(main?.resources?.requests).to.deep.equal({ cpu: '16', memory: '64Gi' });
    expect(main?.resources?.limits).to.include({ [RESOURCE]: '1' });
  });

  it('asks for the same with TensorFlow as with PyTorch, and tells each framework its peers', () => {
    const [torch, tensorflow] = [job('pytorch'), job('tensorflow')];
    expect(tensorflow.main?.resources).to.deep.equal(torch.main?.resources);
    expect(tensorflow.main?.command).to.deep.equal(torch.main?.command);
    const value = (of: typeof torch, name: string) => of.main?.env?.find((each) => each.name === name)?.value;
    expect(value(torch, 'WORLD_SIZE')).to.equal('8');
    const config = JSON.parse((value(tensorflow, 'TF_CONFIG') ?? '').replace('$(TASK_INDEX)', '3'));
    expect(config.cluster.worker).to.have.length(8);
    expect(config.task).to.deep.equal({ type: 'worker', index: 3 });
  });

  it('takes a slot under a cap, and an init container under the init gate, and neither without', () => {
    expect(job('pytorch', { jobCap: 6 }).main?.resources?.limits).to.include({ [JOB_SLOT]: '1' });
    expect(job('pytorch', { jobCap: false }).main?.resources?.limits).to.not.have.property(JOB_SLOT);
    expect(job('pytorch', { initGate: true }).init?.[0]?.resources?.limits).to.include({ [RESOURCE]: '1' });
    expect(job('pytorch', { initGate: false }).init).to.equal(undefined);
  });

  it('is capped by the Kyverno policy as it is by its own request', () => {
    const [policy] = policies('kyverno-job-cap.yaml');
    const [{ list, preconditions, patchesJson6902 }] = policy.spec.rules[0].mutate.foreach;
    expect(list).to.equal('request.object.spec.containers');
    expect(preconditions.all[0].key).to.contain(`element.resources.limits."${RESOURCE}"`);
    expect(policy.spec.webhookConfiguration.matchConditions[0].expression).to.contain(`'${RESOURCE}' in`);
    const path = `/spec/containers/{{ elementIndex }}/resources/limits/${JOB_SLOT.replaceAll('/', '~1')}`;
    const value = job('pytorch', { jobCap: 6 }).main?.resources?.limits?.[JOB_SLOT];
    expect(parse(patchesJson6902)).to.deep.equal([{ op: 'add', path, value }]);
  });

  for (const name of ['kyverno-mutating-job-cap.yaml', 'mutating-admission-job-cap.yaml']) {
    it(`is capped by ${name} in the same way`, () => {
      const [policy, binding] = policies(name);
      expect(binding?.spec.policyName ?? 'gpu-job-cap').to.equal(policy.metadata.name);
      expect(policy.spec.variables[0].expression).to.contain(`'${RESOURCE}' in container.resources.limits`);
      const value = job('pytorch', { jobCap: 6 }).main?.resources?.limits?.[JOB_SLOT];
      const { expression } = policy.spec.mutations[0].applyConfiguration;
      expect(expression).to.contain(`limits: {'${JOB_SLOT}': '${value}'}`);
    });
  }
});

function policies(name: string) {
  const path = join(import.meta.dirname, '..', 'remedies', name);
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
}
