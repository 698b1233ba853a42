import type { SpecDsl } from '../../harness/run/mocha-runner.ts';

export default ({ describe, requirement, requirements }: SpecDsl): void => {
  describe('Failure catalogue', () => {
    for (const id of requirements) requirement(id);
  });
};
