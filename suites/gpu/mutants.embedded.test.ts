import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import pLimit from 'p-limit';
import { type Ended, ordeal, outFolder, verdicts } from '../testing/command.ts';

/** Broken plugins, each with the requirements that have to refuse it. */
const MUTANTS: Record<string, string[]> = {
  'duplicate-device': ['GPU-1', 'GPU-2'],
  'forgotten-device': ['GPU-1'],
  'wrong-count': ['GPU-3'],
  'false-health': ['GPU-1'],
  'no-reregister': ['GPU-6'],
};

describe('broken device plugins under the hardened profile', function () {
  this.timeout(400_000);
  const runs = new Map<string, { out: string; ended: Promise<Ended> }>();

  // They wait more than they work.
  before(() => {
    const atOnce = pLimit(availableParallelism());
    for (const defect of Object.keys(MUTANTS)) {
      const out = outFolder();
      runs.set(defect, { out, ended: atOnce(() => hardened(defect, out)) });
    }
  });

  after(() => {
    for (const { out } of runs.values()) rmSync(out, { recursive: true, force: true });
  });

  for (const [defect, refusing] of Object.entries(MUTANTS)) {
    it(`${defect} is refused by ${refusing.join(' and ')}`, async () => {
      const { ended, out } = runs.get(defect) as { out: string; ended: Promise<Ended> };
      const { code, output } = await ended;
      expect(code, output).to.equal(1);
      const seen = verdicts(out);
      for (const id of refusing) expect(seen[id], output).to.equal('fail');
    });
  }
});

/** One worker's certification whose plugin has this defect. */
async function hardened(defect: string, out: string): Promise<Ended> {
  const set = (path: string, value: unknown) => ['--set', `${path}=${value}`];
  return await ordeal(
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
}
