import type { SpecDsl } from '../../harness/run/mocha-runner.ts';

export default ({ describe, requirement, requirements }: SpecDsl): void => {
  describe('GPU allocation', () => {
    for (const id of ['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4', 'GPU-5', 'GPU-6', 'GPU-7']) requirement(id);
    // Where the plan asks for checkpoints, where there is an exporter to ask, and where the plan has an upgrade.
    for (const id of ['GPU-8', 'GPU-9', 'GPU-10']) if (requirements.includes(id)) requirement(id);
  });
};
