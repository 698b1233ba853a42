import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { ordeal, outFolder, verdicts } from '../testing/command.ts';

/** Broken plugins, each with the requirements that have to refuse it. */
const MUTANTS: Record<string, string[]> = {
  'duplicate-device': ['GPU-1', 'GPU-2'],
  'forgotten-device': ['GPU-1'],
  'wrong-count': ['GPU-3'],
  'false-health': ['GPU-1'],
  'no-reregister': ['GPU-6'],
};

describe('broken device plugins under the hardened profile', function () {
  this.timeout(300_000);

  for (const [defect, refusing] of Object.entries(MUTANTS)) {
    it(`${defect} is refused by ${refusing.join(' and ')}`, async () => {
      const out = outFolder();
      const set = (path: string, value: unknown) => ['--set', `${path}=${value}`];
      const { code, output } = await ordeal(
        'run',
        ...['--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', out, '--workers', '1'],
        ...set('cluster.startLatency', 300),
        ...set('suites.0.settings.starts', 16),
        ...set('suites.0.settings.jobsAtOnce', 1),
        ...set('suites.0.settings.startDeadline', '8s'),
        ...set('suites.0.settings.defect', defect),
        // A plugin that comes back does so within seconds: one that does not need not be waited for longer.
        ...set('requirements.GPU-6.threshold', 8),
      );
      expect(code, output).to.equal(1);
      const seen = verdicts(out);
      for (const id of refusing) expect(seen[id], output).to.equal('fail');
      rmSync(out, { recursive: true, force: true });
    });
  }
});
