import { expect } from 'chai';
import fc from 'fast-check';
import type { History } from '../../../harness/history/event.ts';
import { Plan } from '../../../harness/plan/schema.ts';
import { without } from '../../testing/written.ts';
import { scenarioOf } from '../scenarios/all.ts';
import { resolve, settingsOf } from '../settings.ts';
import { HELD, Story } from '../testing/story.ts';

const FAILED = { phase: 'Failed', running: false, reason: 'UnexpectedAdmissionError', message: 'no device' };

function check(id: string, history: History, threshold = scenarioOf(id).threshold) {
  const plan = Plan.parse({ suites: [{ name: 'catalogue', settings: { scenarios: [id] } }] });
  const { settings } = settingsOf(resolve(plan));
  return scenarioOf(id).check(history, { level: 'standard', threshold }, settings);
}

/** Back after the fault, once and for all: of G7 and G9 while it is held, of G8 after it. */
const recovered = (id: string) => {
  const from = id === 'G8' ? HELD.healed : HELD.injected;
  return Story.of(id)
    .allocatable(from + 50, from + 850, 0)
    .allocatable(from + 1_050, from + 4_450, 4);
};
const neverBack = (id: string) => {
  const from = id === 'G8' ? HELD.healed : HELD.injected;
  return Story.of(id).allocatable(from + 50, from + 4_850, 0);
};

const survived = () =>
  ['first', 'second'].reduce(
    (story, pod) => story.look(pod, 900).look(pod, 2_000).look(pod, 5_000).look(pod, 7_000),
    Story.of('G4'),
  );
const ended = () =>
  Story.of('G4')
    .look('first', 900)
    .look('second', 900)
    .look('first', 2_000, FAILED)
    .look('second', 2_000)
    .look('first', 7_000, FAILED)
    .look('second', 7_000);

const finished = (kubernetes?: string) =>
  [900, 2_000, 5_000, 7_000].reduce(
    (story, at) =>
      story
        .look('finished', at, { phase: 'Succeeded', running: false })
        .note('podresources.listed', { pods: [] }, at + 10),
    Story.of('G13', kubernetes),
  );
const readmitted = () =>
  [2_000, 5_000, 7_000].reduce(
    (story, at) => story.look('finished', at, FAILED).note('podresources.listed', { pods: [] }, at + 10),
    Story.of('G13').look('finished', 900, { phase: 'Succeeded', running: false }),
  );

const passedBy = () =>
  Story.of('G1')
    .note('bystander.asked', { pod: 'bystander' }, 1_300)
    .look('bystander', 1_500, { phase: 'Pending', running: false })
    .look('bystander', 2_300)
    .look('stuck', 2_400, { phase: 'Pending', running: false })
    .look('stuck', 7_000)
    .look('bystander', 7_000);
const keptWaiting = () =>
  [1_500, 3_000, 5_900].reduce(
    (story, at) => story.look('bystander', at, { phase: 'Pending', running: false }),
    Story.of('G1')
      .note('bystander.asked', { pod: 'bystander' }, 1_300)
      .look('stuck', 7_000)
      .look('bystander', 7_000),
  );

const livedOn = (after = 'p1', answers = true) =>
  [800, 2_000, 5_000].reduce(
    (story, at) => story.note('kubelet.looked', { process: 'p1', answers: true }, at),
    Story.of('G3').note('kubelet.looked', { process: after, answers }, 7_000),
  );

/** Looks through a vxlan every 200 ms; cut while the fault is held, or never. */
const overlaid = (cut: boolean) => {
  const story = Story.of('N1');
  for (let at = 800; at <= 8_000; at += 200) {
    const reached = !cut || at < HELD.injected || at > HELD.healed;
    story.note('overlay.looked', { reached, inCsumErrors: reached ? 0 : 3 }, at + 10);
  }
  return story;
};

const CLAIMED = 9;
/** Pods with a claim each, one after the other in pairs: what each could use at its first look, and at its second. */
const claimed = (firsts: (pod: number) => string[], twice = false, waitMs = 150) => {
  const story = Story.of('G15').note('claims.delayed', { startMs: 90, delayMs: 150 }, 700);
  for (let pod = 0; pod < CLAIMED; pod++) {
    const name = `burst-${pod}`;
    const at = 1_300 + 400 * Math.floor(pod / 2);
    const devices = [`gpu-${pod % 2}`];
    const own = { claim: `claim-${pod}`, pod: `uid-${name}`, devices };
    story.note('claim.prepared', { ...own, moment: 'asked' }, at - waitMs);
    story.note('claim.prepared', { ...own, moment: 'over' }, at);
    work(story.look(name, at + 50), name, at + 100, firsts(pod), devices, 0);
    work(story, name, at + 200, devices, devices, 1);
    const other = { claim: 'other', pods: ['uid-other'], devices: twice ? devices : ['gpu-9'] };
    story.note('claims.seen', { claims: [{ ...own, pods: [own.pod] }, other] }, at + 150);
  }
  return story;
};
const granted = () => claimed((pod) => [`gpu-${pod % 2}`]);
const premature = () => claimed(() => [], true);

const freed = () =>
  Story.of('G10')
    .look('half', 1_500, FAILED)
    .note('devices.asked', { pod: 'whole', devices: 4 }, 2_000)
    .look('whole', 2_100, { phase: 'Pending', running: false })
    .look('whole', 2_500);
const leaked = (message: string) =>
  Story.of('G10')
    .look('half', 1_500, FAILED)
    .note('devices.asked', { pod: 'whole', devices: 4 }, 2_000)
    .look('whole', 2_500, { ...FAILED, message });

const work = (story: Story, pod: string, mono: number, usable: string[], visible = usable, n = 0) =>
  story.note('work.seen', { pod, at: 1e12 + mono, n, usable, visible }, mono);

const workers = (until: number, pods: Record<string, string[] | 'failed'>) => {
  const story = Story.of('G11').note('workers.asked', { workers: 3 }, 1_300);
  for (const [pod, devices] of Object.entries(pods)) {
    if (devices === 'failed') story.look(pod, 2_000, FAILED);
    else work(story.look(pod, 1_500).look(pod, until), pod, 1_600, devices);
  }
  return story;
};
const employed = () => workers(3_000, { 'worker-0': ['b'], 'worker-1': ['c'], 'worker-2': ['d'] });
const poisoned = () =>
  workers(3_000, {
    ...{ 'worker-0': 'failed', 'worker-1': ['b'], 'worker-2': ['c'] },
    ...{ 'worker-3': 'failed', 'worker-4': 'failed' },
  });

const kept = (during: string[] = ['a', 'b']) =>
  [800, 2_000, 5_000, 7_000].reduce((story, at, n) => {
    const usable = at === 5_000 ? during : ['a', 'b'];
    return work(story.look('training', at), 'training', at + 10, usable, ['a', 'b'], n);
  }, Story.of('G12'));

const assigned = (others: Record<string, string[] | 'failed'>) => {
  const story = work(Story.of('G14').look('holder', 800), 'holder', 810, ['a']);
  work(story.look('holder', 2_000, { restarts: 1, containerId: 'c-2' }), 'holder', 2_100, ['a']);
  for (const [pod, devices] of Object.entries(others)) {
    if (devices === 'failed') story.look(pod, 3_000, FAILED);
    else work(story.look(pod, 3_000), pod, 3_100, devices);
  }
  return story.look('holder', 4_000, { restarts: 1, containerId: 'c-2' });
};
const stable = () => assigned({ 'other-0': ['b'], 'other-1': ['c'], 'other-2': ['d'], 'other-3': 'failed' });
const churned = () => assigned({ 'other-0': ['a'], 'other-1': ['b'], 'other-2': ['c'], 'other-3': ['d'] });

const gate = (during: boolean, after = true) =>
  [1_500, 2_500, 3_500].reduce(
    (story, at) => story.note('gate.said', { ready: during, detail: 'd' }, at),
    Story.of('G16')
      .note('work.done', { pod: 'before', listed: ['a', 'b'], worked: ['a', 'b'] }, 800)
      .note('gate.said', { ready: after, detail: 'd' }, 7_000),
  );

/** The holder fails at its admission, or runs with what it is said to have; its replacement runs when the plugin is back. */
/** A container that a kubelet has started again. */
const ANEW = { restarts: 1, containerId: 'c-anew' };
const rebooted = (id: string, holder: 'failed' | string[], replacement: string[] = ['b']) => {
  const story = work(Story.of(id).look('holder', 800), 'holder', 810, ['a']);
  if (holder === 'failed') story.look('holder', 1_500, FAILED).look('holder', 8_000, FAILED);
  else work(story.look('holder', 1_500, ANEW).look('holder', 8_000, ANEW), 'holder', 1_600, holder, ['a']);
  story.look('replacement', 2_000, { phase: 'Pending', running: false });
  return work(story.look('replacement', 8_000), 'replacement', 8_100, replacement, ['b']);
};

interface Pair {
  id: string;
  good: () => Story;
  bad: () => Story;
  /** At which the written failure is one. */
  threshold: number;
  /** Without any of these nothing is known. */
  essential: readonly string[];
}

const OF_ALL = ['scenario.started', 'scenario.ended', 'fault.injected', 'fault.bit'];
const PAIRS: readonly Pair[] = [
  ...['G7', 'G8', 'G9'].map((id) => ({
    ...{ id, good: () => recovered(id), bad: () => neverBack(id), threshold: 3 },
    essential: [...OF_ALL, 'allocatable.seen', ...(id === 'G8' ? ['fault.healed'] : [])],
  })),
  {
    ...{ id: 'G3', good: () => livedOn(), bad: () => livedOn('p2'), threshold: 0 },
    essential: [...OF_ALL, 'fault.healed', 'kubelet.looked'],
  },
  {
    ...{ id: 'G4', good: survived, bad: ended, threshold: 0 },
    essential: [...OF_ALL, 'fault.healed', 'pod.looked'],
  },
  {
    ...{ id: 'G13', good: () => finished(), bad: readmitted, threshold: 0 },
    essential: [...OF_ALL, 'fault.healed', 'pod.looked', 'podresources.listed', 'cluster.up'],
  },
  {
    ...{ id: 'G1', good: passedBy, bad: keptWaiting, threshold: 4 },
    essential: [...OF_ALL, 'fault.healing', 'fault.healed', 'pod.looked', 'bystander.asked'],
  },
  {
    ...{ id: 'G10', good: freed, bad: () => leaked('Requested: 4, Available: 3'), threshold: 0 },
    essential: [...OF_ALL, 'pod.looked', 'devices.asked'],
  },
  ...['G5', 'G6'].map((id) => ({
    ...{ id, good: () => rebooted(id, 'failed'), bad: () => rebooted(id, [], []), threshold: 0 },
    essential: [...OF_ALL, 'fault.healed', 'pod.looked', 'work.seen'],
  })),
  {
    ...{ id: 'G11', good: employed, bad: poisoned, threshold: 1 },
    essential: [...OF_ALL, 'pod.looked', 'work.seen', 'workers.asked'],
  },
  {
    ...{ id: 'G12', good: kept, bad: () => kept(['a']), threshold: 0 },
    essential: [...OF_ALL, 'fault.healed', 'pod.looked', 'work.seen'],
  },
  {
    ...{ id: 'G14', good: stable, bad: churned, threshold: 0 },
    essential: [...OF_ALL, 'pod.looked', 'work.seen'],
  },
  {
    ...{ id: 'G15', good: granted, bad: premature, threshold: 0 },
    essential: [...OF_ALL, 'claim.prepared', 'claims.seen', 'claims.delayed', 'pod.looked', 'work.seen'],
  },
  {
    ...{ id: 'G16', good: () => gate(false), bad: () => gate(true), threshold: 0 },
    essential: [...OF_ALL, 'fault.healed', 'gate.said', 'work.done'],
  },
  {
    ...{ id: 'N1', good: () => overlaid(false), bad: () => overlaid(true), threshold: 3 },
    essential: [...OF_ALL, 'fault.healed', 'overlay.looked'],
  },
];

for (const { bad, essential, good, id, threshold } of PAIRS) {
  describe(`checker of ${id}`, () => {
    it('passes what held, and fails what did not', () => {
      const passed = check(id, good().events, threshold);
      expect(passed.verdict, passed.reason).to.equal('pass');
      const failed = check(id, bad().events, threshold);
      expect(failed.verdict, failed.reason).to.equal('fail');
    });

    it('knows nothing of an empty history, and nothing of another row’s', () => {
      expect(check(id, []).verdict).to.equal('inconclusive');
      const others = Story.of('G99').allocatable(900, 9_000, 4).look('first', 900).events;
      expect(check(id, others).verdict).to.equal('inconclusive');
    });

    for (const type of essential) {
      it(`passes nothing without ${type}`, () => {
        const judged = check(
          id,
          without(good().events, (event) => event.type === type),
          threshold,
        );
        expect(judged.verdict, judged.reason).to.not.equal('pass');
      });
    }

    it('is inconclusive where the fault was refused, or did not bite', () => {
      const toothless = good().events.map((event) =>
        event.type === 'fault.bit' ? { ...event, body: { ...(event.body as object), bit: false } } : event,
      );
      expect(check(id, toothless, threshold).verdict).to.equal('inconclusive');
      const fault = { fault: `${id.toLowerCase()}-1`, kind: 'k', target: 't', reason: 'no way' };
      const refused = without(good().events, ({ type }) => type.startsWith('fault.'));
      const last = refused.at(-1) as History[number];
      const said = { ...last, seq: refused.length, type: 'fault.refused', body: fault };
      const judged = check(id, [...refused, said], threshold);
      expect(judged.verdict).to.equal('inconclusive');
      expect(judged.reason).to.contain('no way');
    });

    it('is inconclusive where the scenario broke off', () => {
      const broken = good().note('scenario.broke', { reason: 'the node is away' }, 50_000).events;
      const judged = check(id, broken, threshold);
      expect(judged.verdict).to.equal('inconclusive');
      expect(judged.reason).to.contain('the node is away');
    });

    it('judges by the times of what was seen, in whatever order it stands', () => {
      for (const story of [good(), bad()]) {
        const ordered = check(id, story.events, threshold);
        fc.assert(
          fc.property(fc.shuffledSubarray(story.events, { minLength: story.events.length }), (shuffled) => {
            expect(check(id, shuffled, threshold)).to.deep.equal(ordered);
          }),
          { numRuns: 50 },
        );
      }
    });

    it('passes no failure, whatever of it was missed', () => {
      fc.assert(
        fc.property(fc.subarray(bad().events), (rest) => {
          expect(check(id, rest, threshold).verdict).to.not.equal('pass');
        }),
        { numRuns: 200 },
      );
    });

    it('fails nothing that held, whatever of it was missed', () => {
      fc.assert(
        fc.property(fc.subarray(good().events), (rest) => {
          expect(check(id, rest, threshold).verdict).to.not.equal('fail');
        }),
        { numRuns: 200 },
      );
    });
  });
}

describe('devices that come back', () => {
  const seconds = (story: Story, threshold = 3) => check('G9', story.events, threshold);

  it('count from the last stretch in which all are there', () => {
    const flapping = recovered('G9').allocatable(HELD.injected + 4_650, HELD.injected + 4_850, 3);
    expect(seconds(flapping).verdict).to.equal('fail');
    const early = Story.of('G9')
      .allocatable(1_050, 1_450, 4)
      .allocatable(1_650, 2_450, 0)
      .allocatable(2_650, 5_850, 4);
    expect(seconds(early).measured).to.be.closeTo(1.65, 0.01);
  });

  it('came in a time that is not known where nobody looked when it mattered', () => {
    const unseen = Story.of('G9').allocatable(1_050, 1_450, 0).allocatable(5_000, 5_900, 4);
    const judged = check('G9', unseen.events, 3);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('nobody looked from 0.5 s to 4.0 s');
  });

  it('have to stay: a stretch that is too short is no pass', () => {
    const short = Story.of('G9').allocatable(1_050, 1_450, 0).allocatable(1_650, 3_650, 4);
    const judged = seconds(short);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('seen to stay for 2.0 s');
  });

  it('are not known to stay where nobody looked for a while', () => {
    const gap = Story.of('G8').allocatable(6_600, 6_600, 4).allocatable(20_000, 20_000, 4);
    const judged = check('G8', gap.events);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('nobody looked for 13.4 s');
  });

  it('that were never seen gone took no time', () => {
    expect(seconds(Story.of('G9').allocatable(1_050, 5_850, 4))).to.include({ verdict: 'pass', measured: 0 });
  });

  it('come by one live stream', () => {
    const judged = seconds(Story.of('G9').allocatable(1_050, 5_850, 4, 2));
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('2 streams to the kubelet are open, not 1');
  });
});

describe('pods across a kubelet’s restart', () => {
  for (const [what, change] of Object.entries({
    'another pod of its name': { uid: 'uid-other' },
    'another container': { containerId: 'c-other' },
    'a restarted container': { restarts: 1, containerId: 'c-other' },
    'a container that does not run': { running: false },
    'no pod': { uid: undefined as unknown as string, phase: 'gone', running: false },
  })) {
    it(`${what} is a pod lost`, () => {
      const judged = check('G4', survived().look('second', 6_000, change).events);
      expect(judged).to.include({ verdict: 'fail', measured: 1, samples: 2 });
      expect(judged.reason).to.contain('second');
    });
  }

  it('that nobody looked at while it lasted are not known to have lived on', () => {
    const during = without(
      survived().events,
      ({ mono, type }) => type === 'pod.looked' && mono > 1_000 && mono < 6_000,
    );
    expect(check('G4', during).verdict).to.equal('inconclusive');
  });
});

describe('a finished pod in PodResources', () => {
  const listed = (kubernetes: string) =>
    check('G13', finished(kubernetes).note('podresources.listed', { pods: ['finished'] }, 7_500).events);

  it('is a failure from 1.34 on, and not judged before', () => {
    expect(listed('1.34.4')).to.include({ verdict: 'fail', measured: 1 });
    expect(listed('v1.27.3')).to.include({ verdict: 'pass' });
    expect(listed('v1.27.3').reason).to.contain('not judged before 1.34');
    expect(listed('unknown').verdict).to.equal('inconclusive');
  });
});

describe('a kubelet’s process', () => {
  it('that does not answer in the end has not lived on', () => {
    const judged = check('G3', livedOn('p1', false).events);
    expect(judged).to.include({ verdict: 'fail', measured: 1 });
    expect(judged.reason).to.contain('does not answer in the end');
  });

  it('may be without a socket for a moment, and is another one by its next', () => {
    const story = livedOn().note('kubelet.looked', { answers: false }, 3_000);
    expect(check('G3', story.events).verdict).to.equal('pass');
    expect(
      check('G3', story.note('kubelet.looked', { process: 'p2', answers: true }, 4_000).events),
    ).to.include({ verdict: 'fail', measured: 2 });
  });
});

describe('a device of a claim', () => {
  it('that came after its container started is a false allocation of that container alone', () => {
    const judged = check('G15', claimed((pod) => (pod === 3 ? [] : [`gpu-${pod % 2}`])).events);
    expect(judged).to.include({ verdict: 'fail', measured: 1, samples: CLAIMED });
    expect(judged.reason).to.contain('1 of 9 containers started without their device');
  });

  it('is not the one that another claim has', () => {
    const judged = check('G15', claimed(() => ['gpu-9']).events);
    expect(judged.reason).to.contain('9 of 9 containers started without their device');
  });

  it('in two claims is counted once, however often it was seen', () => {
    const judged = check('G15', claimed((pod) => [`gpu-${pod % 2}`], true).events);
    expect(judged).to.include({ verdict: 'fail', measured: 2 });
    expect(judged.reason).to.contain('gpu-0, gpu-1 in two claims');
  });

  it('is not in two containers at once, and may be in one after the other', () => {
    const both = work(granted().look('late', 1_350), 'late', 1_450, ['gpu-0'], ['gpu-0'], 0);
    const judged = check('G15', both.events);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('gpu-0 in two containers');
  });

  it('is not seen to have been waited for where the container was slower than it', () => {
    const at = (waitMs: number) => check('G15', claimed((pod) => [`gpu-${pod % 2}`], false, waitMs).events);
    expect(at(20).verdict).to.equal('pass');
    expect(at(100).verdict).to.equal('inconclusive');
    expect(at(100).reason).to.contain('9 containers took longer to start than their device to come');
  });

  it('shows nothing where it came no later than a container takes to start', () => {
    const story = granted().note('claims.delayed', { startMs: 5_000, delayMs: 4_000 }, 710);
    const judged = check('G15', story.events);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('no later than a container takes to start');
  });
});

describe('a bystander of a hanging Allocate', () => {
  it('that came before the other one was stuck shows nothing', () => {
    const early = Story.of('G1')
      .note('bystander.asked', { pod: 'bystander' }, 1_100)
      .look('bystander', 1_150)
      .look('bystander', 7_000)
      .look('stuck', 7_000);
    expect(check('G1', early.events).verdict).to.equal('inconclusive');
  });

  it('is of no use where the stuck one never recovers', () => {
    const judged = check('G1', passedBy().look('stuck', 8_000, FAILED).events);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('stuck is Failed afterwards');
  });

  it('that did not run is not known to fail where nobody looked for long enough', () => {
    expect(check('G1', keptWaiting().events, 10).verdict).to.equal('inconclusive');
  });
});

describe('devices of a pod that was refused half way', () => {
  it('are counted by the kubelet’s words, and are all missing where it has others', () => {
    expect(check('G10', leaked('Requested: 4, Available: 3').events).measured).to.equal(1);
    expect(check('G10', leaked('something else').events).measured).to.equal(4);
  });

  it('are not known of where nobody was refused, or the other one waits still', () => {
    const unrefused = without(freed().events, ({ body }) => (body as { pod?: string }).pod === 'half');
    expect(check('G10', unrefused).verdict).to.equal('inconclusive');
    const waiting = without(freed().events, ({ mono }) => mono === 2_500);
    expect(check('G10', waiting).verdict).to.equal('inconclusive');
  });
});

describe('devices of a container that runs', () => {
  it('are lost with the container, too', () => {
    const judged = check('G12', kept().look('training', 5_500, FAILED).events);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('training is Failed');
  });

  it('are all named, also where the first look without them came while they were taken', () => {
    const inTheMidst = work(kept([]), 'training', 4_000, ['b'], ['a', 'b'], 2);
    expect(check('G12', inTheMidst.events).reason).to.contain('training was without a, b at 2 of 4 looks');
  });

  it('are not known of where the probe did not look for a while', () => {
    const late = work(kept(), 'training', 20_000, ['a', 'b'], ['a', 'b'], 4);
    expect(check('G12', late.events)).to.include({ verdict: 'inconclusive' });
    expect(check('G12', late.events).reason).to.contain('did not look for 13.0 s');
  });
});

describe('pods that want a device on a node that has lost one', () => {
  it('are refused where the good devices are of no use either, in half a minute', () => {
    const idle = (until: number) => workers(until, { 'worker-0': ['b'], 'worker-1': [], 'worker-2': [] });
    expect(check('G11', idle(3_000).events).verdict).to.equal('inconclusive');
    const held = without(idle(40_000).events, ({ type }) => /^fault\.heal/.test(type));
    const judged = check('G11', held);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('1 of 3 good devices');
  });

  it('that share one device have one', () => {
    const shared = workers(3_000, { 'worker-0': ['b'], 'worker-1': ['b'], 'worker-2': ['d'] });
    expect(check('G11', shared.events).reason).to.contain('2 of 3 good devices');
  });
});

describe('the assignment of a container that starts again', () => {
  it('is not to change in silence', () => {
    const others = { 'other-0': ['a'], 'other-1': ['b'], 'other-2': ['c'], 'other-3': 'failed' } as const;
    const story = assigned({ ...others } as never);
    const changed = work(story, 'holder', 4_100, ['d']);
    const judged = check('G14', changed.events);
    expect(judged).to.include({ verdict: 'fail', measured: 1 });
    expect(judged.reason).to.contain('holder has d instead of a');
  });

  it('may fail by name', () => {
    const others = { 'other-0': ['a'], 'other-1': ['b'], 'other-2': ['c'], 'other-3': ['d'] };
    const failed = assigned(others).look('holder', 4_500, { ...FAILED, restarts: 1 });
    expect(check('G14', failed.events)).to.include({ verdict: 'pass' });
  });

  it('is not known where not all others were seen to the end', () => {
    expect(check('G14', assigned({ 'other-0': ['b'] }).events).verdict).to.equal('inconclusive');
  });
});

describe('a gate', () => {
  it('that stays shut is none', () => {
    const judged = check('G16', gate(false, false).events);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('afterwards not ready');
  });
});

describe('a pod whose node has booted anew', () => {
  it('may go on with its device', () => {
    expect(check('G5', rebooted('G5', ['a']).events)).to.include({ verdict: 'pass' });
  });

  it('is not to run without it, whatever its replacement does', () => {
    const judged = check('G5', rebooted('G5', []).events);
    expect(judged).to.include({ verdict: 'fail', measured: 1 });
    expect(judged.reason).to.contain('holder ran without a device at 1 looks');
  });

  it('is named before its replacement, whichever of them was seen first', () => {
    const judged = check('G6', work(rebooted('G6', []), 'replacement', 1_550, [], ['b']).events);
    expect(judged).to.include({ verdict: 'fail', measured: 2 });
    expect(judged.reason).to.contain('holder, replacement ran without a device at 2 looks');
  });

  it('is not known to have its device where it runs and says nothing', () => {
    const silent = without(
      rebooted('G5', ['a']).events,
      ({ body, mono }) => mono === 1_600 && (body as { pod?: string }).pod === 'holder',
    );
    const judged = check('G5', silent);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('holder ran and was not heard');
  });

  it('is not known to do without it where its plugin was back before the kubelet had done anything with it', () => {
    const hasty = without(
      rebooted('G6', ['a']).events,
      ({ body, mono, type }) =>
        type === 'pod.looked' && mono === 1_500 && (body as { pod: string }).pod === 'holder',
    );
    const judged = check('G6', hasty);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain(
      'holder was neither refused nor started again before the plugin came back',
    );
  });

  it('is not running where the API server still shows its container of before', () => {
    const shown = (mono: number, more = {}) =>
      Story.of('G5')
        .look('holder', mono, more)
        .events.filter(({ type }) => type === 'pod.looked');
    const late = (...looks: ReturnType<typeof shown>) =>
      check(
        'G5',
        [...rebooted('G5', 'failed').events, ...looks].sort((a, b) => a.mono - b.mono),
      );
    expect(late(...shown(1_450))).to.include({ verdict: 'pass' });
    expect(late(...shown(1_450, { containerId: 'c-new' })).verdict).to.equal('inconclusive');
    expect(late(...shown(8_050)).verdict, 'to the end').to.equal('inconclusive');
  });

  it('has to have a replacement that runs, half a minute after the plugin came back', () => {
    const waiting = { phase: 'Pending', running: false };
    const at = (mono: number) =>
      without(rebooted('G6', 'failed').look('replacement', mono, waiting).events, ({ type, body }) =>
        type === 'work.seen' ? (body as { pod: string }).pod === 'replacement' : false,
      );
    expect(check('G6', at(9_000)).verdict).to.equal('inconclusive');
    const judged = check('G6', at(40_000));
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.contain('replacement is Pending');
  });
});
