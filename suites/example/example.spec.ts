import type { SpecDsl } from '../../harness/run/mocha-runner.ts';

export default ({ describe, requirement, requirements }: SpecDsl): void => {
  describe('A worked example', () => {
    for (const id of requirements) requirement(id);
  });
};
