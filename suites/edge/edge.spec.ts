import type { SpecDsl } from '../../harness/run/mocha-runner.ts';

export default ({ describe, requirement }: SpecDsl): void => {
  describe('Edge connectivity', () => {
    for (const id of ['EDGE-1', 'EDGE-2', 'EDGE-3', 'EDGE-4', 'EDGE-5', 'EDGE-6']) requirement(id);
  });
};
