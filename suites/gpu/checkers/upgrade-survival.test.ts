import { expect } from 'chai';
import { Written } from '../testing/written.ts';
import { MAIN } from '../workload/jobs.ts';
import { checkUpgradeSurvival } from './upgrade-survival.ts';

const TARGET = { level: 'smoke' as const, threshold: 0 };
const RUNNING = {
  phase: 'Running',
  containers: [
    { name: MAIN, restartCount: 0, started: true, finished: false, exitCode: null, waiting: null },
  ],
};

describe('GPU-10', () => {
  /** Two pods of a Job that holds GPUs; what becomes of the second before the Job is ended. */
  const judged = (meanwhile: (written: Written) => void, end = true) => {
    const written = new Written()
      .add('suite/gpu', 'standing.began', { job: 'j' })
      .pod('a', RUNNING)
      .pod('b', RUNNING);
    meanwhile(written);
    if (end) written.add('suite/gpu', 'standing.ended', { job: 'j' }).pod('a', { ...RUNNING, gone: true });
    return checkUpgradeSurvival(written.events, TARGET);
  };
  const evicted = (written: Written) =>
    written.add('fault/cluster/upgrade', 'upgrade.evicted', { fault: 'f', node: 'w1', podUid: 'uid-b' });

  it('passes where pods end because they were evicted, whenever that is told, or because their Job is ended', () => {
    expect(judged(() => {})).to.include({ verdict: 'pass', measured: 0, samples: 2 });
    const moved = judged((written) => evicted(written.pod('b', { phase: 'Failed', gone: true })));
    expect(moved).to.include({ verdict: 'pass', measured: 0 });
    expect(moved.reason).to.contain('1 were evicted');
  });

  it('fails for a pod that ended, or whose container started anew, and that nobody evicted', () => {
    for (const end of [{ phase: 'Failed' }, { ...RUNNING, gone: true }])
      expect(judged((written) => written.pod('b', end))).to.include({ verdict: 'fail', measured: 1 });
    const [container] = RUNNING.containers;
    const anew = {
      ...RUNNING,
      containers: [{ ...container, restartCount: 1 } as (typeof RUNNING.containers)[0]],
    };
    expect(judged((written) => written.pod('b', anew).pod('b', RUNNING))).to.include({ verdict: 'fail' });
  });

  it('counts a pod that never ran only where it was refused', () => {
    const pending = { phase: 'Pending', containers: [] };
    expect(judged((written) => written.pod('c', pending))).to.include({ verdict: 'pass', samples: 2 });
    expect(
      judged((written) => written.pod('c', pending).pod('c', { ...pending, phase: 'Failed' })),
    ).to.include({ verdict: 'fail', measured: 1, samples: 3 });
  });

  it('is inconclusive where no pod held a GPU, where its Job’s end was not seen, and where the watch missed pods', () => {
    expect(checkUpgradeSurvival([], TARGET).verdict).to.equal('inconclusive');
    expect(judged(() => {}, false).verdict).to.equal('inconclusive');
    const missed = { what: 'listing again', missed: true };
    expect(judged((written) => written.add('suite/gpu', 'watch.trouble', missed)).verdict).to.equal(
      'inconclusive',
    );
  });
});
