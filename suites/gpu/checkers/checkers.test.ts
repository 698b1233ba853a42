import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { readHistory } from '../../../harness/history/reader.ts';
import { without } from '../../testing/written.ts';
import type { PodSeen } from '../events.ts';
import { starts, Written } from '../testing/written.ts';
import { MAIN } from '../workload/jobs.ts';
import { checkBindLatency } from './bind-latency.ts';
import { checkCaps } from './caps.ts';
import { checkDoubleUse } from './double-use.ts';
import { checkFalseAllocation } from './false-allocation.ts';
import { checkRestartRecovery } from './restart-recovery.ts';
import { checkStartSuccess } from './start-success.ts';
import { checkStarvation } from './starvation.ts';

const smoke = { level: 'smoke', threshold: 0 } as const;
/** What `starts` writes of each container. */
const LOOKS = 2;
const standard = { level: 'standard', threshold: 0 } as const;

describe('GPU-1', () => {
  it('passes 300 clean starts at the standard level with a bound under 1 %, and not 299', () => {
    const judged = checkFalseAllocation(starts(300).events, standard, LOOKS);
    expect(judged).to.include({ verdict: 'pass', samples: 300, measured: 0 });
    expect(judged.upperBound).to.be.below(1);
    expect(checkFalseAllocation(starts(299).events, standard, LOOKS).verdict).to.equal('inconclusive');
  });

  it('fails a container whose first look lacks its device, and says that it recovered', () => {
    const written = starts(3).allocate('a', ['gpu-1'], 9_000).listed(['late', 'gpu-1']).pod('late');
    written.probe('late', 'a', 0, [], 9_100).probe('late', 'a', 1, ['gpu-1'], 9_300);
    const judged = checkFalseAllocation(written.events, smoke, LOOKS);
    expect(judged).to.include({ verdict: 'fail', measured: 25 });
    expect(judged.reason).to.match(/1 of 4 .*1 recovered on their own.*look 0 without gpu-1/);
  });

  it('fails a device lost at a later look, and one that is another’s', () => {
    const lost = starts(1).allocate('a', ['gpu-1'], 9_000).listed(['l', 'gpu-1']).pod('l');
    lost.probe('l', 'a', 0, ['gpu-1']).probe('l', 'a', 1, []);
    expect(checkFalseAllocation(lost.events, smoke, LOOKS).verdict).to.equal('fail');
    const other = starts(1)
      .allocate('a', ['gpu-1'], 9_000)
      .listed(['o', 'gpu-1'])
      .pod('o')
      .probe('o', 'a', 0, ['gpu-0']);
    expect(checkFalseAllocation(other.events, smoke, LOOKS).verdict).to.equal('fail');
  });

  it('fails where PodResources and the plugin disagree', () => {
    const written = starts(1)
      .allocate('a', ['gpu-1'], 9_000)
      .listed(['d', 'gpu-2'])
      .pod('d')
      .probe('d', 'a', 0, ['gpu-1']);
    expect(checkFalseAllocation(written.events, smoke, LOOKS).reason).to.match(
      /allocated gpu-1, PodResources lists gpu-2/,
    );
    expect(checkFalseAllocation(written.events, smoke, LOOKS).verdict).to.equal('fail');
  });

  it('judges nothing by a listing that cannot be read, of whatever container', () => {
    const pods = [{ namespace: 'n', pod: 'other', container: 'sidecar', devices: 5 }];
    const written = starts(1).add('node/w1', 'ledger.podresources', { type: 'podresources', pods });
    expect(() => checkFalseAllocation(written.events, smoke, LOOKS)).to.throw(TypeError);
  });

  it('is inconclusive without a start, and with one that nobody saw', () => {
    expect(checkFalseAllocation([], smoke, LOOKS).verdict).to.equal('inconclusive');
    expect(checkFalseAllocation(starts(1).pod('mute').events, smoke, LOOKS).verdict).to.equal('inconclusive');
  });

  it('is inconclusive where looks are missing, the last too where the container ended well, and by a clock that ran backwards', () => {
    const looks = (...at: [n: number, at: number][]) => {
      const written = starts(1).allocate('a', ['gpu-1'], 9_000).listed(['l', 'gpu-1']).pod('l');
      for (const [n, mono] of at) written.probe('l', 'a', n, ['gpu-1'], mono);
      return checkFalseAllocation(written.events, smoke, LOOKS);
    };
    expect(looks([0, 100], [1, 200]).verdict).to.equal('pass');
    // By their numbers, however they came.
    expect(looks([1, 200], [0, 100])).to.deep.equal(looks([0, 100], [1, 200]));
    expect(looks([0, 100]).reason).to.contain('1 of the container’s 2 looks are missing');
    expect(looks([0, 100], [2, 300]).reason).to.contain('1 of the container’s 3 looks are missing');
    expect(looks([0, 300], [1, 200]).reason).to.contain('ran backwards');
    expect(looks([0, 100], [1, Number.NaN]).reason).to.contain('when the container looked is not known');
    for (const judged of [looks([0, 100]), looks([0, 100], [2, 300]), looks([0, 300], [1, 200])])
      expect(judged.verdict).to.equal('inconclusive');
  });

  it('takes each run of a container that was restarted for a start: what nobody saw of the first is no pass', () => {
    const again = {
      name: 'trainer',
      restartCount: 1,
      started: true,
      finished: true,
      exitCode: 0,
      waiting: null,
    };
    const written = starts(2).allocate('a', ['gpu-1'], 9_000).listed(['r', 'gpu-1']);
    written.pod('r', { containers: [again] });
    const { body } = new Written().probe('r', 'a', 0, ['gpu-1']).events[0] as (typeof written.events)[number];
    for (const n of [0, 1]) written.add('pod/n/r', 'gpu.probe', { ...(body as object), attempt: 1, n });
    const judged = checkFalseAllocation(written.events, smoke, LOOKS);
    expect(judged).to.include({ verdict: 'inconclusive', samples: 3 });
  });

  it('is inconclusive where a container was killed before it had made all its looks, and where it was never seen to end', () => {
    const looked = (body: Partial<PodSeen>, n = 0) => {
      const written = starts(1).allocate('a', ['gpu-1'], 9_000).listed(['l', 'gpu-1']).pod('l', body);
      for (let look = 0; look <= n; look++) written.probe('l', 'a', look, ['gpu-1'], 100 * look);
      return written;
    };
    const container = {
      name: MAIN,
      restartCount: 0,
      started: true,
      finished: true,
      exitCode: 137,
      waiting: null,
    };
    const killed: Partial<PodSeen> = { phase: 'Failed', containers: [container] };
    expect(checkFalseAllocation(looked(killed).events, smoke, LOOKS)).to.include({ verdict: 'inconclusive' });
    expect(checkFalseAllocation(looked(killed).events, smoke, LOOKS).reason).to.contain(
      'the container ended with exit code 137',
    );
    const hangs: Partial<PodSeen> = {
      phase: 'Running',
      containers: [{ ...container, finished: false, exitCode: null }],
    };
    expect(checkFalseAllocation(looked(hangs).events, smoke, LOOKS).reason).to.contain(
      'was not seen to end by itself',
    );
    for (const { events } of [looked(killed, 1), looked(hangs, 1)])
      for (const check of [checkFalseAllocation, checkDoubleUse])
        expect(check(events, smoke, LOOKS).verdict).to.equal('inconclusive');
    // One that is to hold its GPU until its Job is ended has no end of its own.
    const standing = looked({ ...hangs, job: 'standing' }).add('suite/gpu', 'standing.began', {
      job: 'standing',
    });
    expect(checkFalseAllocation(standing.events, smoke, LOOKS).verdict).to.equal('pass');
  });

  it('judges a container by its looks also where its pod’s status says that it never started, or no more that it did', () => {
    const refused: Partial<PodSeen> = { phase: 'Failed', reason: 'UnexpectedAdmissionError', containers: [] };
    const lost = (written: Written) =>
      written.allocate('a', ['gpu-1'], 9_000).listed(['l', 'gpu-1']).probe('l', 'a', 0, []);
    const never = lost(starts(3).pod('l', { phase: 'Pending', containers: [] }));
    const anew = lost(starts(3).pod('l', { phase: 'Running' }).pod('l', refused));
    for (const { events } of [never, anew])
      expect(checkFalseAllocation(events, smoke, LOOKS).reason).to.match(
        /^1 of 4 starts .*look 0 without gpu-1/,
      );
    const silent = starts(3).pod('l', { phase: 'Running' }).pod('l', refused);
    expect(checkFalseAllocation(silent.events, smoke, LOOKS).verdict).to.equal('inconclusive');
    // By a run of it that its pod’s status does not tell of, too.
    const again = starts(3);
    const { body } = new Written().probe('p0', 'a-p0', 0, []).events[0] as (typeof again.events)[number];
    again.add('pod/n/p0', 'gpu.probe', { ...(body as object), attempt: 1 });
    expect(checkFalseAllocation(again.events, smoke, LOOKS).verdict).to.equal('fail');
  });

  it('is inconclusive with pods of a Job that nobody saw, with looks of none that was, and a ledger’s clock that ran backwards', () => {
    const job = starts(2).add('suite/gpu', 'job.created', { job: 'j', at: 0, replicas: 3, phase: 'burst' });
    expect(checkFalseAllocation(job.events, smoke, LOOKS).reason).to.contain(
      'of 3 pods of Job j 2 were seen',
    );
    const looks = starts(2).probe('unknown', 'a-p0', 0, ['gpu-0']);
    expect(checkFalseAllocation(looks.events, smoke, LOOKS).reason).to.contain(
      '1 pods whose containers looked',
    );
    const clock = starts(2).allocate('x', ['gpu-1'], 5);
    expect(checkFalseAllocation(clock.events, smoke, LOOKS).reason).to.contain(
      'the clock of node/w1 ran backwards',
    );
    for (const { events } of [job, looks, clock])
      expect(checkFalseAllocation(events, smoke, LOOKS).verdict).to.equal('inconclusive');
  });

  it('never passes a history that lost a line about a start, whichever', () => {
    const whole = starts(3).events;
    const kinds = ['gpu.probe', 'ledger.plugin.allocate', 'ledger.podresources'];
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.nat(2), (kind, index) => {
        const victims = whole.filter(
          ({ type, body }) => type === kind && (kind !== 'gpu.probe' || (body as { n: number }).n === 0),
        );
        const cut = without(whole, (event) => event.seq === victims[index]?.seq);
        expect(checkFalseAllocation(cut, smoke, LOOKS).verdict).to.not.equal('pass');
      }),
    );
  });

  it('stays a fail whatever the order and however often lines come', () => {
    const bad = starts(3)
      .allocate('a', ['gpu-1'], 9_000)
      .listed(['x', 'gpu-1'])
      .pod('x')
      .probe('x', 'a', 0, []).events;
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...bad.keys(), ...bad.keys()], { minLength: 2 * bad.length }),
        (order) => {
          const shuffled = order.map((from, seq) => ({ ...(bad[from] as (typeof bad)[number]), seq }));
          expect(checkFalseAllocation(shuffled, smoke, LOOKS).verdict).to.equal('fail');
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('GPU-2', () => {
  it('passes one device in one container after the other', () => {
    expect(checkDoubleUse(starts(3).events, smoke, LOOKS)).to.include({ verdict: 'pass', measured: 0 });
  });

  it('asks for as many containers as the level does', () => {
    expect(checkDoubleUse(starts(300).events, standard, LOOKS).verdict).to.equal('pass');
    expect(checkDoubleUse(starts(299).events, standard, LOOKS).verdict).to.equal('inconclusive');
  });

  it('fails a device in two containers at one time, by their own looks or by PodResources', () => {
    const seen = starts(1).start('twin', 'gpu-0', 100);
    expect(checkDoubleUse(seen.events, smoke, LOOKS)).to.include({ verdict: 'fail', measured: 1 });
    const listed = starts(1).listed(['a', 'gpu-3'], ['b', 'gpu-3']);
    expect(checkDoubleUse(listed.events, smoke, LOOKS).reason).to.match(
      /PodResources lists gpu-3 for a and b/,
    );
  });

  it('tells pods of one name in two namespaces apart', () => {
    const pods = ['n', 'm'].map((namespace) => ({
      namespace,
      pod: 'a',
      container: MAIN,
      devices: ['gpu-3'],
    }));
    const listed = starts(1).add('node/w1', 'ledger.podresources', {
      at: 0,
      mono: 9_000,
      requestedAt: 0,
      pods,
    });
    const judged = checkDoubleUse(listed.events, smoke, LOOKS);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('PodResources lists gpu-3 for n/a and m/a');
  });

  it('does not count a device that a listing has for a container and for one that had ended, and fails it where that had not yet', () => {
    const container = { name: MAIN, restartCount: 0, started: true, waiting: null };
    const running: Partial<PodSeen> = {
      phase: 'Running',
      containers: [{ ...container, finished: false, exitCode: null }],
    };
    /** One listing that has both, asked for so long before it was answered; `a` was seen to have ended at 20,000 ms. */
    const both = (
      mono: number,
      tookMs: number,
      more: (written: Written) => Written = (written) => written,
    ) => {
      const written = starts(1).pod('a', running);
      const pods = ['a', 'b'].map((pod) => ({ namespace: 'n', pod, container: MAIN, devices: ['gpu-3'] }));
      const stamp = { at: mono, mono, requestedAt: mono - tookMs };
      const seen = written.events.at(-1)?.body as PodSeen;
      const over = [{ ...container, finished: true, exitCode: 0 }];
      written.add('pod/n/a', 'pod.seen', { ...seen, phase: 'Succeeded', containers: over }, 20_000);
      more(written).add('node/w1', 'ledger.podresources', { ...stamp, type: 'podresources', pods }, 21_000);
      return checkDoubleUse(written.events, smoke, LOOKS);
    };
    expect(both(20_900, 100).measured).to.equal(0);
    // Known of late, and asked for before: how late it is told is no excuse.
    for (const early of [both(19_000, 100), both(20_900, 1_000)])
      expect(early.reason).to.match(/PodResources lists gpu-3 for a and b/);
    // It ran again: its device had been its own all the time.
    const again = both(20_900, 100, (written) => written.pod('a', running));
    expect(again.reason).to.match(/PodResources lists gpu-3 for a and b/);
    // A prober of the suite edge on the same node counts from the machine's start.
    const probe = { type: 'probe.run', mono: 78_915_766 };
    const beside = both(20_900, 100, (written) => written.add('node/w1', 'ledger.probe.run', probe, 20_950));
    expect(beside.measured).to.equal(0);
  });

  it('refuses what a kubelet of 1.27.3 did in a certification: a reservation dropped while Allocate was under way', async () => {
    const path = join(import.meta.dirname, '..', 'fixtures', 'reservation-drop.1-27-3.jsonl');
    const judged = checkDoubleUse((await readHistory(path)).events, smoke, LOOKS);
    expect(judged).to.include({ verdict: 'fail', measured: 3, samples: 2 });
    expect(judged.reason).to.match(/worker-0 in burst-6-7-dn8rv and burst-6-6-hgf9g$/);
  });

  it('is inconclusive without a container', () => {
    expect(checkDoubleUse([], smoke, LOOKS).verdict).to.equal('inconclusive');
  });
});

describe('GPU-3', () => {
  const target = { level: 'smoke', threshold: 99.5 } as const;

  it('counts rejected pods, pods that never started and false allocations as failures', () => {
    const written = starts(197)
      .pod('rejected', { phase: 'Failed', reason: 'UnexpectedAdmissionError', containers: [] })
      .pod('pending', { phase: 'Pending', containers: [] })
      .allocate('a', ['gpu-1'], 1)
      .listed(['blind', 'gpu-1'])
      .pod('blind')
      .probe('blind', 'a', 0, []);
    const judged = checkStartSuccess(written.events, target);
    expect(judged).to.include({ verdict: 'fail', measured: 98.5, samples: 200 });
    expect(judged.reason).to.match(/1 × UnexpectedAdmissionError/);
  });

  it('asks for the level’s number, and at the release level for its bound', () => {
    expect(checkStartSuccess(starts(2_995).events, { level: 'release', threshold: 99.5 }).verdict).to.equal(
      'pass',
    );
    expect(checkStartSuccess(starts(100).events, { level: 'standard', threshold: 99.5 }).verdict).to.equal(
      'inconclusive',
    );
    expect(checkStartSuccess([], target).verdict).to.equal('inconclusive');
  });
});

describe('GPU-4', () => {
  const target = { level: 'smoke', threshold: 500 } as const;
  const pair = (wait: number, more: object = {}) =>
    new Written()
      .allocate('a', ['gpu-0'], 0)
      .allocate('b', ['gpu-1'], 0)
      .associate('a', 'gpu-0', 250)
      .associate('b', 'gpu-1', wait, more);

  it('takes waiting behind others for latency, and leaves out what was injected into itself', () => {
    expect(checkBindLatency(pair(800).events, target)).to.include({ verdict: 'fail', measured: 800 });
    expect(checkBindLatency(pair(800, { injectedMs: 400 }).events, target)).to.include({
      verdict: 'pass',
      measured: 400,
    });
    expect(checkBindLatency(pair(800, { lateMs: 400 }).events, target)).to.include({
      verdict: 'pass',
      measured: 400,
    });
  });

  it('counts an allocation once, however often its lines come, and waits for each of its devices', () => {
    const many = new Written();
    for (let index = 0; index < 299; index++) {
      const times = index === 0 ? 1 : 2;
      for (let time = 0; time < times; time++)
        many.allocate(`${index}`, ['gpu-0'], index).associate(`${index}`, 'gpu-0', index);
    }
    many.allocate('x', ['gpu-1'], 400).allocate('y', ['gpu-2', 'gpu-3'], 400);
    many.associate('x', 'gpu-1', 600).associate('y', 'gpu-2', 600).associate('y', 'gpu-2', 600);
    const judged = checkBindLatency(many.events, { level: 'standard', threshold: 500 });
    expect(judged).to.include({ verdict: 'inconclusive', samples: 300 });
    expect(judged.reason).to.contain('1 allocations were never associated');
  });

  it('is inconclusive where more is left out of an association than it took', () => {
    const judged = checkBindLatency(pair(300, { injectedMs: 400 }).events, target);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('1 associations took less time than what is left out of them');
  });

  it('is inconclusive where an association is stamped with no time', () => {
    const judged = checkBindLatency(pair(300, { mono: undefined }).events, target);
    expect(judged).to.include({ verdict: 'inconclusive', samples: 1 });
    expect(judged.reason).to.contain('1 allocations were never associated');
  });

  it('is inconclusive without a burst, and where an association never came', () => {
    const alone = new Written().allocate('a', ['gpu-0'], 0).associate('a', 'gpu-0', 250);
    expect(checkBindLatency(alone.events, target).verdict).to.equal('inconclusive');
    expect(checkBindLatency(pair(300).allocate('c', ['gpu-2'], 9).events, target).verdict).to.equal(
      'inconclusive',
    );
  });
});

describe('GPU-5', () => {
  const back = (written: Written, allocatable = 8) =>
    written.add('suite/gpu', 'recovery.seen', { node: 'w1', allocatable, expected: 8 });

  it('passes when all started and every GPU is back', () => {
    expect(checkStarvation(back(starts(3)).events, smoke, 1_000).verdict).to.equal('pass');
  });

  it('fails a pod that never started, and a GPU that stayed away', () => {
    const waiting = back(new Written().pod('starved', { phase: 'Pending', containers: [] }));
    waiting.add('x', 'pod.seen', { ...(new Written().pod('other').events[0]?.body as object) }, 99_999);
    expect(checkStarvation(waiting.events, smoke, 1_000)).to.include({ verdict: 'fail', measured: 1 });
    expect(checkStarvation(back(starts(1), 7).events, smoke, 1_000).reason).to.match(
      /7 of 8 GPUs allocatable on w1/,
    );
  });

  it('is inconclusive where allocatable was not seen afterwards, if on one node only', () => {
    expect(checkStarvation(starts(3).events, smoke, 1_000).verdict).to.equal('inconclusive');
    const other = starts(3).add('suite/gpu', 'node.allocatable', {
      node: 'w2',
      resource: 'r',
      allocatable: 8,
    });
    const judged = checkStarvation(back(other).events, smoke, 1_000);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('allocatable on w2 was not seen afterwards');
    const thousand = starts(3);
    for (let index = 0; index < 1_000; index++)
      thousand.add('suite/gpu', 'node.allocatable', { node: `n${index}`, resource: 'r', allocatable: 8 });
    expect(checkStarvation(thousand.events, smoke, 1_000).reason.length).to.be.below(300);
  });

  it('is inconclusive where a node had GPUs in use and nobody looked at what it could give, before or afterwards', () => {
    const elsewhere = starts(3).pod('p0', { node: 'w2' });
    const judged = checkStarvation(back(elsewhere).events, smoke, 1_000);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('allocatable on w2 was not seen afterwards');
  });

  it('asks for as many pods as the level does', () => {
    expect(checkStarvation(back(starts(300)).events, standard, 1_000).verdict).to.equal('pass');
    expect(checkStarvation(back(starts(299)).events, standard, 1_000).verdict).to.equal('inconclusive');
  });

  it('takes a pod of which there is no more news to have waited to the end', () => {
    const waiting = back(starts(3)).pod('starved', { phase: 'Pending', node: null, containers: [] });
    expect(checkStarvation(waiting.events, smoke, 1_000).verdict).to.equal('pass');
    waiting.add('harness', 'run.ended', { outcome: 'done' }, 99_999);
    expect(checkStarvation(waiting.events, smoke, 1_000)).to.include({ verdict: 'fail', measured: 1 });
  });

  it('takes nobody’s word but a container’s own for that it ran', () => {
    const silent = back(starts(3)).pod('silent', { phase: 'Succeeded' });
    const judged = checkStarvation(silent.events, smoke, 1_000);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('1 of 4 pods that are said to have run said nothing');
  });

  it('measures by a clock that nobody sets', () => {
    const waited = new Written().pod('late', { phase: 'Pending', containers: [] });
    waited.add('x', 'pod.seen', { ...(new Written().pod('late').events[0]?.body as object) }, 99_999);
    const events = back(waited).events.map((event) => ({ ...event, wall: 1e12 }));
    expect(checkStarvation(events, smoke, 1_000).verdict).to.equal('fail');
  });
});

describe('GPU-6', () => {
  const target = { level: 'smoke', threshold: 30 } as const;
  const allocatable = (count: number) => ({ node: 'w1', resource: 'r', allocatable: count });
  const gone = () =>
    new Written()
      .add('suite/gpu', 'node.allocatable', allocatable(8), 0)
      .add('suite/gpu', 'restart.went', { node: 'w1' }, 1)
      .add('node/w1', 'ledger.plugin.stopped', { reason: 'x' }, 1_000);
  const back = (after: number) =>
    gone()
      .add('node/w1', 'ledger.plugin.registered', {}, after - 1)
      .add('suite/gpu', 'node.allocatable', allocatable(8), after);
  const fresh = (works: boolean) =>
    ['suite/gpu', 'restart.fresh', { node: 'w1', works, detail: 'so' }] as const;

  it('measures from the plugin’s end to all GPUs allocatable', () => {
    expect(checkRestartRecovery(back(6_000).add(...fresh(true)).events, target)).to.include({
      verdict: 'pass',
      measured: 5,
    });
    expect(checkRestartRecovery(back(40_000).add(...fresh(true)).events, target)).to.include({
      verdict: 'fail',
      measured: 39,
    });
  });

  it('does not take for recovery what was allocatable before the plugin registered again', () => {
    const stale = gone()
      .add('suite/gpu', 'node.allocatable', allocatable(8), 1_100)
      .add('x', 'x', {}, 60_000);
    expect(checkRestartRecovery(stale.events, target).verdict).to.equal('fail');
  });

  it('fails when a fresh allocation does not work, and is inconclusive without one or without a restart', () => {
    expect(checkRestartRecovery(back(6_000).add(...fresh(false)).events, target).verdict).to.equal('fail');
    expect(checkRestartRecovery(back(6_000).events, target).verdict).to.equal('inconclusive');
    expect(checkRestartRecovery([], target).verdict).to.equal('inconclusive');
  });

  it('takes none for all where no GPU was allocatable before', () => {
    const none = back(6_000).add(...fresh(true));
    for (const { body, type } of none.events)
      if (type === 'node.allocatable') (body as { allocatable: number }).allocatable = 0;
    expect(checkRestartRecovery(none.events, target).verdict).to.equal('inconclusive');
  });

  it('takes no fresh allocation on another node, or from before the restart, for one', () => {
    const elsewhere = back(6_000).add('suite/gpu', 'restart.fresh', {
      node: 'w2',
      works: true,
      detail: 'so',
    });
    expect(checkRestartRecovery(elsewhere.events, target).verdict).to.equal('inconclusive');
    const before = new Written().add(...fresh(true));
    for (const { body, mono, source, type } of back(6_000).events) before.add(source, type, body, mono);
    expect(checkRestartRecovery(before.events, target).verdict).to.equal('inconclusive');
  });
});

describe('GPU-7', () => {
  const target = { level: 'smoke', threshold: 2 } as const;
  const running = (...names: string[]) => {
    const written = new Written();
    for (const name of names) written.pod(name, { phase: 'Running' });
    return written;
  };
  const quota = (used: number) => ['suite/gpu', 'quota.seen', { namespace: 'n', hard: 4, used }] as const;

  it('is inconclusive where pods were listed anew: others may have come and gone in between', () => {
    const trouble = ['suite/gpu', 'watch.trouble', { what: 'too old; listing again', missed: true }] as const;
    const { reason, verdict } = checkCaps(
      running('a', 'b')
        .add(...quota(2))
        .add(...trouble).events,
      target,
    );
    expect(verdict).to.equal('inconclusive');
    expect(reason).to.match(/listed anew/);
  });

  it('counts the pods that a node holds at one time', () => {
    expect(checkCaps(running('a', 'b').add(...quota(2)).events, target).verdict).to.equal('pass');
    expect(checkCaps(running('a', 'b', 'c').add(...quota(3)).events, target)).to.include({
      verdict: 'fail',
      measured: 3,
    });
    const replaced = running('a', 'b').pod('a').pod('c', { phase: 'Running' });
    const judged = checkCaps(replaced.add(...quota(2)).events, target);
    expect(judged.verdict).to.equal('pass');
    expect(judged.reason).to.contain('at most 2 GPUs bound of a quota of');
  });

  it('is inconclusive where a pod was on a node and nobody saw it live, or saw it live after its end', () => {
    const unseen = running('a', 'b')
      .pod('c')
      .add(...quota(2));
    expect(checkCaps(unseen.events, target).verdict).to.equal('inconclusive');
    const risen = running('a', 'b')
      .pod('a')
      .pod('a', { phase: 'Running' })
      .add(...quota(2));
    expect(checkCaps(risen.events, target).verdict).to.equal('inconclusive');
  });

  it('tells, and does not refuse, that more pods were let in to wait than the quota allows', () => {
    const waiting = running('a').pod('b', { phase: 'Pending', node: null });
    const judged = checkCaps(waiting.add(...quota(5)).events, target);
    expect(judged.verdict).to.equal('pass');
    expect(judged.reason).to.contain('at most 1 GPUs bound of a quota of 4, which let in pods for 5');
  });

  it('fails an exceeded quota and a namespace without one, and is inconclusive where it was not seen', () => {
    const elsewhere = (name: string) => ({ phase: 'Running', node: `of-${name}`, gpus: 2 });
    const over = new Written().pod('a', elsewhere('a')).pod('b', elsewhere('b')).pod('c', elsewhere('c'));
    const judged = checkCaps(over.add(...quota(4)).events, target);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('6 GPUs bound of a quota of 4');
    expect(checkCaps(running('a').add('suite/gpu', 'quota.absent', {}).events, target).verdict).to.equal(
      'fail',
    );
    expect(checkCaps(running('a').events, target).verdict).to.equal('inconclusive');
    expect(checkCaps([], target).verdict).to.equal('inconclusive');
  });
});
