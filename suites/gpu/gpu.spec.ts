import type { SpecDsl } from '../../harness/run/mocha-runner.ts';

export default ({ describe, requirement, requirements }: SpecDsl): void => {
  describe('GPU allocation', () => {
    for (const id of ['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4', 'GPU-5', 'GPU-6', 'GPU-7']) requirement(id);
    // Where there is an exporter to ask.
    if (requirements.includes('GPU-9')) requirement('GPU-9');
  });
};
