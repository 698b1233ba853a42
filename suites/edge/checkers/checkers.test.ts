import { expect } from 'chai';
import fc from 'fast-check';
import type { History } from '../../../harness/history/event.ts';
import { without } from '../../testing/written.ts';
import { DAY_MS, day, INTERVAL_MS, Story } from '../testing/story.ts';
import { checkDisconnect } from './disconnect.ts';
import { checkFrequency } from './frequency.ts';
import { checkHost } from './host.ts';
import { checkLoss } from './loss.ts';
import { checkNotice } from './notice.ts';
import { checkSelfHeal } from './self-heal.ts';

const target = (threshold: number) => ({ level: 'smoke', threshold }) as const;

/** More lines than a function may have arguments. */
const LINES = 200_000;

/** Left out: all events of these types, of one source where one is given. */
const lacking = (history: History, type: string, epoch?: string): History =>
  without(
    history,
    (event) =>
      event.type === type && (epoch === undefined || (event.body as { epoch?: string }).epoch === epoch),
  );

/** The day without node a's own probes by one way, for a test to tell them otherwise. */
function quiet(events: History, path: 'tunnel' | 'host' = 'tunnel'): Story {
  const story = new Story();
  for (const { mono, type, body } of events) {
    if ((body as { epoch?: string }).epoch !== `a ${path}`) story.engine(mono, type, body as object);
  }
  return story;
}

describe('EDGE-1', () => {
  const ten = target(10);

  it('passes a day without a lost probe, and one with a disconnect that is short enough', () => {
    expect(checkDisconnect(day().events, ten)).to.include({ verdict: 'pass', measured: 0 });
    const short = checkDisconnect(day({ tunnelDead: [[20_000, 29_000]] }).events, ten);
    expect(short.verdict).to.equal('pass');
    expect(short.measured).to.be.closeTo(9, 0.051);
  });

  it('is judged over months as over a minute, and so is EDGE-6', () => {
    const last = { fromSeq: 0, toSeq: 9, fromMono: 0, toMono: 9 * INTERVAL_MS, ok: true };
    const story = new Story();
    story.ledger(0, 'cloud', {
      ...{ type: 'cloud.started', clock: 'boot-1', broker: 'aedes', echoes: ['tunnel'] },
    });
    story.ledger(0, 'e', {
      ...{ type: 'probe.started', node: 'a', path: 'tunnel', clock: 'boot-1' },
      ...{ intervalMs: INTERVAL_MS, timeoutMs: 1_000, target: 'cloud:7' },
    });
    for (let line = 0; line < LINES; line++) {
      const at = line * 10 * INTERVAL_MS;
      const run = {
        ...last,
        by: 'cloud/tunnel',
        fromSeq: line * 10,
        toSeq: line * 10 + 9,
        fromMono: at,
        toMono: at + 450,
      };
      story.ledger(at, 'e', { type: 'probe.run', node: 'a', path: 'tunnel', late: 0, ...run });
    }
    expect(checkDisconnect(story.events, ten)).to.include({ measured: 0, samples: 10 * LINES });
    expect(checkFrequency(story.events, target(0), 1_000)).to.include({ measured: 0, samples: 99_999 });
  });

  it('adds the sampling interval: a silence of just under ten seconds may be one of ten', () => {
    const dead = [[20_000, 30_000]] as const;
    const judged = checkDisconnect(day({ tunnelDead: dead }).events, target(9.99));
    expect(judged.verdict).to.equal('fail');
    expect(judged.measured).to.be.closeTo(10, 0.001);
  });

  it('refuses nobody for a cut that was held longer than planned, and not without it', () => {
    const judged = (about: { cuts: boolean; host: boolean; holdMs?: number }) =>
      checkDisconnect(
        day({ tunnelDead: [[20_000, 32_000]] }).fault('partition-1', 'a', [20_000, 32_000], about).events,
        ten,
      );
    const late = judged({ cuts: true, host: false, holdMs: 6_500 });
    expect(late.verdict).to.equal('inconclusive');
    expect(late.reason).to.match(/5\.5 s longer than planned/);
    expect(judged({ cuts: true, host: false, holdMs: 11_000 }).verdict).to.equal('fail');
    expect(judged({ cuts: false, host: false, holdMs: 6_500 }).verdict).to.equal('fail');
  });

  it('counts a disconnect that is open at the end', () => {
    const judged = checkDisconnect(day({ tunnelDead: [[45_000, DAY_MS + 1]] }).events, ten);
    expect(judged.verdict).to.equal('fail');
    expect(judged.reason).to.match(/still open/);
  });

  it('takes a disconnect across a restart of the prober for one, and not for two short ones', () => {
    const story = quiet(day().events);
    story
      .probe('a', 'tunnel', [100, 20_000], [[14_000, 30_000]])
      .probe('a', 'tunnel', [21_000, DAY_MS], [[0, 26_000]], { epoch: 'again' });
    const judged = checkDisconnect(story.events, ten);
    expect(judged.verdict).to.equal('fail');
    expect(judged.measured).to.be.closeTo(12, 0.1);
  });

  it('is inconclusive where nobody looked for longer than a disconnect may last', () => {
    const story = quiet(day().events).probe('a', 'tunnel', [100, DAY_MS], [], {
      unseen: [[20_000, 31_000]],
    });
    const judged = checkDisconnect(story.events, ten);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.match(/nobody looked on a by tunnel for 11.0/);
  });

  it('is inconclusive with a fault on a node that is not of the network', () => {
    const judged = checkDisconnect(day().fault('cut', 'c', [20_000, 26_000]).events, ten);
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.reason).to.contain('fault cut was put on c, which is not of the network');
  });

  it('is inconclusive with a prober that ended early, began late, or was never there', () => {
    const early = quiet(day().events).probe('a', 'tunnel', [100, 40_000]);
    expect(checkDisconnect(early.events, ten).reason).to.match(/fell silent/);
    const late = quiet(day().events).probe('a', 'tunnel', [9_000, DAY_MS]);
    expect(checkDisconnect(late.events, ten).reason).to.match(/began late/);
    for (const { events } of [early, late, quiet(day().events)])
      expect(checkDisconnect(events, ten).verdict).to.equal('inconclusive');
  });

  it('is inconclusive where somebody else answered than the cloud’s end of the tunnel, for however short a time', () => {
    const astray = (by: string | null, from = 100) =>
      quiet(day().events)
        .probe('a', 'tunnel', [100, from - INTERVAL_MS])
        .probe('a', 'tunnel', [from, DAY_MS - 10_000], [], { by, epoch: 'astray' })
        .probe('a', 'tunnel', [DAY_MS - 10_000 + INTERVAL_MS, DAY_MS], [], { epoch: 'again' });
    for (const [by, from, reason] of [
      ['cloud/host', 100, /probes of a by tunnel were answered by cloud\/host, which is not the cloud’s end/],
      ['cloud/host', DAY_MS - 10_200, /\b5 probes of a by tunnel were answered by cloud\/host/],
      ['another/tunnel', 100, /answered by another\/tunnel/],
      [null, 100, /answered by one that does not say who it is/],
    ] as const) {
      const judged = checkDisconnect(astray(by, from).events, ten);
      expect(judged.verdict, `${by} from ${from}`).to.equal('inconclusive');
      expect(judged.reason).to.match(reason);
    }
    // What was lost by the way itself is lost all the same.
    const dead = quiet(day().events).probe('a', 'tunnel', [100, DAY_MS], [[20_000, 32_000]], {
      by: 'cloud/host',
    });
    expect(checkDisconnect(dead.events, ten).verdict).to.equal('fail');
  });

  it('judges a record from before far ends named themselves as before, and one that left names out by none', () => {
    const lackingNames = (types: readonly string[]) => (events: History) =>
      events.map((event) => {
        if (!types.includes(event.type)) return event;
        const { by: _by, echoes: _echoes, ...body } = event.body as Record<string, unknown>;
        return { ...event, body };
      });
    const before = lackingNames(['ledger.probe.run', 'ledger.cloud.started']);
    for (const { events } of [
      day(),
      day({ tunnelDead: [[20_000, 29_000]] }),
      day({ tunnelDead: [[20_000, 32_000]] }),
    ])
      expect(checkDisconnect(before(events), ten)).to.deep.equal(checkDisconnect(events, ten));
    for (const type of ['ledger.probe.run', 'ledger.cloud.started'])
      expect(checkDisconnect(lackingNames([type])(day().events), ten).verdict).to.equal('inconclusive');
  });

  it('is inconclusive where lines come twice or out of order, or a prober’s clock runs backwards or ahead', () => {
    const { events } = day();
    const of = events.filter(({ body }) => (body as { epoch?: string }).epoch === 'a tunnel');
    const [middle] = of.slice(of.length >> 1) as [History[number]];
    const shifted = (byMs: number) =>
      events.map((event) => {
        if (!of.includes(event) || event.seq < middle.seq) return event;
        const body = event.body as { mono: number; fromMono: number; toMono: number };
        const [mono, fromMono, toMono] = [body.mono + byMs, body.fromMono + byMs, body.toMono + byMs];
        return { ...event, body: { ...body, mono, fromMono, toMono } };
      });
    const early = without(events, (event) => event === middle).toSpliced(100, 0, middle);
    for (const [changed, reason] of [
      [events.toSpliced(middle.seq, 0, middle), /1 lines of ledgers came twice/],
      [early, /1 lines of ledgers are out of their order/],
      [shifted(-5_000), /a ledger’s clock ran backwards 1 times/],
      [shifted(8_000), /the clocks of 1 ledgers jumped ahead/],
    ] as const) {
      const judged = checkDisconnect(changed, ten);
      expect(judged.verdict).to.equal('inconclusive');
      expect(judged.reason).to.match(reason);
    }
  });

  it('is inconclusive with two machines’ clocks on one way', () => {
    const story = quiet(day().events)
      .probe('a', 'tunnel', [100, 20_000])
      .probe('a', 'tunnel', [20_050, DAY_MS], [], { epoch: 'again', clock: 'boot-2' });
    expect(checkDisconnect(story.events, ten).verdict).to.equal('inconclusive');
    expect(checkDisconnect(story.events, ten).reason).to.match(/2 machines’ clocks/);
  });

  it('is inconclusive on nothing at all, and with too few probes for the level', () => {
    expect(checkDisconnect([], ten).verdict).to.equal('inconclusive');
    const judged = checkDisconnect(day().events, { level: 'release', threshold: 10 });
    expect(judged).to.include({ verdict: 'inconclusive', samples: 2398 });
  });

  it('never passes a record that lost a line of a prober, whichever', () => {
    const { events } = day();
    const end = events.find(({ type }) => type === 'observation.ended')?.seq ?? 0;
    const runs = events.filter(({ seq, type }) => type === 'ledger.probe.run' && seq < end);
    fc.assert(
      fc.property(fc.nat(runs.length - 1), (index) => {
        const cut = without(events, ({ seq }) => seq === runs[index]?.seq);
        expect(checkDisconnect(cut, ten).verdict).to.equal('inconclusive');
      }),
      { numRuns: 30 },
    );
  });

  it('never passes a disconnect that is too long, wherever it is, and never fails one that is clearly not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3_000, max: 45_000 }),
        fc.integer({ min: 100, max: 14_000 }),
        (at, ms) => {
          const judged = checkDisconnect(day({ tunnelDead: [[at, at + ms]] }).events, ten);
          if (ms > 10_000 + INTERVAL_MS) expect(judged.verdict).to.equal('fail');
          if (ms < 10_000 - INTERVAL_MS) expect(judged.verdict).to.equal('pass');
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('EDGE-2', () => {
  const tenth = target(0.1);
  const check = (history: History, level: 'smoke' | 'standard' | 'release' = 'smoke') =>
    checkLoss(history, { ...tenth, level }, 'attempted');
  const all = (last: number) => ({ attempted: [[0, last]] as [number, number][] });
  const b = (story: Story) => story.published('b', all(499), { received: [[0, 499]] });

  it('passes when all arrived, whatever came twice, out of order or late, and says so', () => {
    const got = { received: [[0, 999]] as [number, number][], duplicates: 3, reordered: 2, late: 1 };
    const judged = check(b(day().published('a', all(999), got)).events);
    expect(judged).to.include({ verdict: 'pass', measured: 0, samples: 1_500 });
    expect(judged.reason).to.match(/3 duplicates, 2 out of order, 1 late/);
  });

  it('fails a loss above a tenth of a percent, and passes one below', () => {
    const lost = check(b(day().published('a', all(999), { received: [[2, 999]] })).events);
    expect(lost.verdict).to.equal('fail');
    expect(lost.measured).to.be.closeTo(0.133, 0.001);
    expect(check(b(day().published('a', all(1_999), { received: [[1, 1_999]] })).events)).to.include({
      verdict: 'pass',
      measured: 0.04,
    });
  });

  it('counts what the store dropped as lost of the attempted, and not of the acknowledged', () => {
    const sent = {
      attempted: [[0, 999]] as [number, number][],
      acknowledged: [[0, 949]] as [number, number][],
      dropped: [[950, 999]] as [number, number][],
    };
    const { events } = b(day().published('a', sent, { received: [[0, 949]] }));
    expect(checkLoss(events, tenth, 'attempted').verdict).to.equal('fail');
    expect(checkLoss(events, tenth, 'acknowledged')).to.include({ verdict: 'pass', samples: 1_450 });
    expect(checkLoss(events, tenth, 'attempted').reason).to.match(/50 dropped/);
  });

  it('asks at the release level for the samples that make a tenth of a percent true', () => {
    const clean = (last: number) => day().published('a', all(last), { received: [[0, last]] });
    const enough = clean(2_995).published('b', all(0), { received: [[0, 0]] });
    expect(check(enough.events, 'release').verdict).to.equal('pass');
    expect(check(enough.events, 'release').upperBound).to.be.at.most(0.1);
    const few = clean(2_900).published('b', all(0), { received: [[0, 0]] });
    expect(check(few.events, 'release').verdict).to.equal('inconclusive');
  });

  it('does not hold against the edge what was measured after the cutoff', () => {
    const story = b(day().published('a', all(999), { received: [[0, 999]] })).ledger(
      DAY_MS - 1_900,
      'session a',
      {
        type: 'collector.published',
        publisher: 'a',
        attempted: [[1_000, 1_099]],
        acknowledged: [],
        dropped: [],
        stored: 0,
      },
    );
    expect(check(story.events)).to.include({ verdict: 'pass', samples: 1_500 });
  });

  it('is inconclusive where a fault came when publishing had ended', () => {
    const late = b(day().published('a', all(999), { received: [[0, 999]] }));
    late.fault('cut', 'a', [DAY_MS - 1_900, DAY_MS - 1_600]);
    expect(check(late.events).verdict).to.equal('inconclusive');
    expect(check(late.events).reason).to.contain('fault cut came after the end of publishing');
  });

  it('keeps the runs of a publisher apart, and doubts one without an end that another followed', () => {
    const twice = (ended: boolean) => {
      const story = b(
        day()
          .published('a', all(999), { received: [[0, 999]] }, { until: 3_000 })
          .published('a', all(99), { received: [[0, 99]] }, { session: 'second', mono: 5_000 }),
      );
      return ended ? story.ledger(4_000, 'session a', { type: 'collector.ended', publisher: 'a' }) : story;
    };
    expect(check(twice(true).events)).to.include({ verdict: 'pass', samples: 1_600 });
    expect(check(twice(false).events).verdict).to.equal('inconclusive');
  });

  it('is inconclusive with a ledger missing: a publisher’s, the cloud’s, or the cloud’s end', () => {
    const { events } = b(day().published('a', all(999), { received: [[0, 999]] }));
    expect(check(events).verdict).to.equal('pass');
    expect(check(day().published('a', all(999), { received: [[0, 999]] }).events).reason).to.match(
      /publisher of b has no ledger/,
    );
    for (const type of ['ledger.cloud.ended', 'ledger.cloud.started', 'publishing.cutoff', 'network.up'])
      expect(check(lacking(events, type)).verdict, type).to.equal('inconclusive');
    expect(check([]).verdict).to.equal('inconclusive');
    expect(check(day().events).verdict).to.equal('inconclusive');
  });

  it('is inconclusive where a publisher measured nothing, or fell silent before the cutoff', () => {
    const idle = b(day().published('a', { attempted: [] }, { received: [] }));
    expect(check(idle.events).verdict).to.equal('inconclusive');
    expect(check(idle.events).reason).to.match(/publisher of a measured nothing/);
    const silent = b(day().published('a', all(999), { received: [[0, 999]] }, { until: 3_000 }));
    expect(check(silent.events).verdict).to.equal('inconclusive');
    expect(check(silent.events).reason).to.match(/publisher of a fell silent before the end/);
  });

  it('is inconclusive where messages came that their publisher did not write down', () => {
    const holes = b(
      day().published(
        'a',
        {
          attempted: [
            [0, 400],
            [500, 999],
          ],
        },
        { received: [[0, 999]] },
      ),
    );
    expect(check(holes.events).verdict).to.equal('inconclusive');
    // Beyond its last word, and long before its last line.
    const owned = (received: number) => b(day().published('a', all(99), { received: [[0, received]] }));
    expect(check(owned(99).events).verdict).to.equal('pass');
    expect(check(owned(999).events).reason).to.contain(
      '900 messages came that their publishers did not write down',
    );
    expect(check(owned(999).events).verdict).to.equal('inconclusive');
    const stranger = b(day().published('a', all(999), { received: [[0, 999]] })).ledger(2_000, 'cloud', {
      type: 'cloud.received',
      publisher: 'a',
      session: 'unheard of',
      received: [[0, 9]],
      duplicates: 0,
      reordered: 0,
      late: 0,
    });
    expect(check(stranger.events).reason).to.match(/no ledger of it has/);
    expect(check(stranger.events).verdict).to.equal('inconclusive');
  });

  it('counts every message that is taken from what arrived, and none for one that came again', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(999), { maxLength: 60 }), (missing) => {
        const gone = new Set(missing);
        const received = Array.from({ length: 1_000 }, (_, seq) => seq)
          .filter((seq) => !gone.has(seq))
          .map((seq): [number, number] => [seq, seq]);
        // Twice the same ranges: a ledger's line that says again what another one said.
        const story = b(day().published('a', all(999), { received: [...received, ...received] }));
        expect(check(story.events).measured).to.be.closeTo((100 * gone.size) / 1_500, 1e-9);
      }),
      { numRuns: 30 },
    );
  });
});

describe('EDGE-3', () => {
  it('is inconclusive where pods were listed anew, for what became of them in between was not told', () => {
    const judgedWith = (body: { what: string; missed?: true }) =>
      checkNotice(
        day({ tunnelDead: [[20_000, 29_000]] })
          .pod(24_000, 'a', { ready: false })
          .pod(33_000, 'a')
          .say(40_000, 'watch.trouble', body).events,
        target(5.5),
      );
    expect(judgedWith({ what: 'cut; resuming from 7' }).verdict).to.equal('pass');
    const missed = judgedWith({ what: 'too old; listing again', missed: true });
    expect(missed.verdict).to.equal('inconclusive');
    expect(missed.reason).to.match(/listed anew/);
  });

  const budget = target(5.5);
  const cut = () => day({ tunnelDead: [[20_000, 27_000]] });

  it('passes a pod that is NotReady or restarted within its budget', () => {
    const unready = cut().pod(24_000, 'a', { ready: false }).pod(28_000, 'a');
    expect(checkNotice(unready.events, budget)).to.include({ verdict: 'pass', samples: 1 });
    expect(checkNotice(unready.events, budget).measured).to.be.closeTo(4, 0.1);
    expect(checkNotice(cut().pod(24_000, 'a', { restarts: 1 }).events, budget).verdict).to.equal('pass');
    expect(checkNotice(cut().pod(24_000, 'a', { gone: true }).events, budget).verdict).to.equal('pass');
  });

  it('fails one that is Running and deaf, one noticed too late, and one noticed when it was over', () => {
    const deaf = checkNotice(cut().events, budget);
    expect(deaf.verdict).to.equal('fail');
    expect(deaf.reason).to.match(/Running and deaf on a for 7.0 s/);
    expect(checkNotice(cut().pod(26_000, 'a', { ready: false }).events, budget).verdict).to.equal('fail');
    expect(checkNotice(cut().pod(27_500, 'a', { ready: false }).events, budget).verdict).to.equal('fail');
  });

  it('is inconclusive where nobody looked for so long that a disconnect could have gone unnoticed', () => {
    const seen = (to: number) =>
      quiet(cut().pod(24_000, 'a', { ready: false }).pod(28_000, 'a').events).probe(
        'a',
        'tunnel',
        [100, DAY_MS],
        [[20_000, 27_000]],
        { unseen: [[40_000, to]] },
      );
    expect(checkNotice(seen(45_000).events, budget).verdict).to.equal('pass');
    expect(checkNotice(seen(46_000).events, budget).verdict).to.equal('inconclusive');
  });

  it('is inconclusive where the pod was not ready before, by no disconnect and no fault of the cloud', () => {
    const never = cut().pod(3_000, 'a', { ready: false });
    expect(checkNotice(never.events, budget).verdict).to.equal('inconclusive');
    expect(checkNotice(never.events, budget).reason).to.contain(
      'no collector was ready on a before 1 of its',
    );
    const gone = cut().pod(3_000, 'a', { gone: true });
    expect(checkNotice(gone.events, budget).verdict).to.equal('inconclusive');
    // A moment's is none to speak of.
    expect(checkNotice(cut().pod(17_000, 'a', { ready: false }).events, budget).verdict).to.equal('pass');
    const restarted = cut().fault('broker', null, [8_000, 12_000]).pod(11_000, 'a', { ready: false });
    expect(checkNotice(restarted.events, budget).verdict).to.equal('pass');
    const earlier = day({
      tunnelDead: [
        [8_000, 12_000],
        [20_000, 27_000],
      ],
    });
    expect(checkNotice(earlier.pod(11_000, 'a', { ready: false }).events, budget).verdict).to.equal('pass');
  });

  it('does not take another node’s pod for it', () => {
    expect(checkNotice(cut().pod(22_000, 'b', { ready: false }).events, budget).verdict).to.equal('fail');
  });

  it('is inconclusive without a disconnect that is long enough, and without the pod', () => {
    expect(checkNotice(day().events, budget).verdict).to.equal('inconclusive');
    expect(checkNotice(day({ tunnelDead: [[20_000, 22_000]] }).events, budget).verdict).to.equal(
      'inconclusive',
    );
    const blind = lacking(cut().pod(24_000, 'a', { ready: false }).events, 'collector.seen');
    expect(checkNotice(blind, budget).verdict).to.not.equal('pass');
  });
});

describe('EDGE-4', () => {
  const ten = target(10);

  it('measures from the heal to a fresh handshake with something heard', () => {
    const story = day({ tunnelDead: [[20_000, 30_000]] }).fault('cut', 'a', [20_000, 25_000]);
    expect(checkSelfHeal(story.events, ten)).to.include({ verdict: 'pass', samples: 1 });
    expect(checkSelfHeal(story.events, ten).measured).to.be.closeTo(5.2, 0.5);
    const slow = day({ tunnelDead: [[20_000, 40_000]] }).fault('cut', 'a', [20_000, 25_000]);
    expect(checkSelfHeal(slow.events, ten).verdict).to.equal('fail');
  });

  it('fails a tunnel that never came back, and does not know yet of one that had no time to', () => {
    const dead = day({ tunnelDead: [[20_000, DAY_MS + 1]] }).fault('cut', 'a', [20_000, 25_000]);
    expect(checkSelfHeal(dead.events, ten).verdict).to.equal('fail');
    const cut = [DAY_MS - 4_000, DAY_MS + 1] as const;
    const soon = day({ tunnelDead: [cut] }).fault('cut', 'a', [cut[0], cut[0] + 1_000]);
    expect(checkSelfHeal(soon.events, ten).verdict).to.equal('inconclusive');
  });

  it('takes a tunnel that is silent once the observation is over for no deaf one', () => {
    const over = DAY_MS - 1_400;
    const story = day({ tunnelDead: [[over, DAY_MS + 1]] }).fault('cut', 'a', [20_000, 25_000]);
    expect(checkSelfHeal(story.events, ten)).to.include({ verdict: 'pass', samples: 1 });
  });

  it('says nothing of tunnels that were found, also where nothing broke', () => {
    const up = { isolation: 'found', evidence: 'real-kernel', versions: {} } as const;
    for (const story of [new Story(), day(), day().fault('cut', 'a', [20_000, 25_000])]) {
      const judged = checkSelfHeal(
        story.say(0, 'network.up', { ...up, nodes: ['a'], found: true }).events,
        ten,
      );
      expect(judged).to.include({ verdict: 'inconclusive', measured: null, samples: 0 });
      expect(judged.reason).to.match(/nothing can be seen/);
    }
  });

  it('is inconclusive where it is not known when one of the faults was healed', () => {
    const faults = day().fault('first', 'a', [20_000, 22_000]).fault('second', 'b', [30_000, 32_000]);
    expect(checkSelfHeal(faults.events, ten).verdict).to.equal('pass');
    const unknown = without(
      faults.events,
      ({ body, type }) => type === 'fault.healing' && (body as { fault: string }).fault === 'second',
    );
    expect(checkSelfHeal(unknown, ten).verdict).to.equal('inconclusive');
    expect(checkSelfHeal(unknown, ten).reason).to.contain('when second on b was healed is not known');
  });

  it('is inconclusive where a tunnel was not looked at to the end', () => {
    const { events } = day().fault('cut', 'a', [20_000, 25_000]);
    const blind = without(events, ({ mono, type }) => type === 'tunnel.sample' && mono > DAY_MS - 12_000);
    expect(checkSelfHeal(blind, ten)).to.include({ verdict: 'inconclusive' });
    expect(checkSelfHeal(blind, ten).reason).to.match(/the tunnel of a was not sampled to the end/);
  });

  it('is inconclusive with no fault, without samples, and where a restart raised no alert', () => {
    expect(checkSelfHeal(day().events, ten).verdict).to.equal('inconclusive');
    const story = day().fault('cut', 'a', [20_000, 25_000]);
    expect(checkSelfHeal(story.events, ten).verdict).to.equal('pass');
    expect(checkSelfHeal(lacking(story.events, 'tunnel.sample'), ten).verdict).to.equal('inconclusive');
    story.say(22_000, 'watchdog.restarted', { node: 'a', reason: 'deaf', restart: 1 });
    expect(checkSelfHeal(story.events, ten).reason).to.match(/raised no alert/);
    expect(checkSelfHeal(story.events, ten).verdict).to.equal('inconclusive');
    story.say(22_100, 'alert.received', { node: 'a', reason: 'deaf', restart: 1 });
    expect(checkSelfHeal(story.events, ten).verdict).to.equal('pass');
  });
});

describe('EDGE-5', () => {
  const one = target(1);

  it('passes with the incident’s signature: the tunnel dead, the host fine', () => {
    const judged = checkHost(day({ tunnelDead: [[20_000, 32_000]] }).events, one);
    expect(judged).to.include({ verdict: 'pass', measured: 0 });
    expect(judged.reason).to.match(/ 0 of 240 probes .* through it, 240 of 240 by the host/);
  });

  it('takes what is not there before the steady state for no fault, unless it lasts into it', () => {
    const starting = (to: number) => day({ tunnelDead: [[200, to]], hostDead: [[200, to]] }).events;
    expect(checkHost(starting(2_400), one)).to.include({ verdict: 'pass', measured: 0 });
    expect(checkDisconnect(starting(2_400), target(1))).to.include({ verdict: 'pass', measured: 0 });
    expect(checkHost(starting(4_000), one).measured).to.be.closeTo(3.8, 0.2);
    expect(checkDisconnect(starting(4_000), target(1)).verdict).to.equal('fail');
  });

  it('fails a host that was cut off too, unless a fault was aimed at it', () => {
    const both = () => day({ tunnelDead: [[20_000, 32_000]], hostDead: [[20_000, 32_000]] });
    expect(checkHost(both().events, one).verdict).to.equal('fail');
    const aimed = both().fault('cut', 'a', [20_000, 32_000], { cuts: true, host: true });
    expect(checkHost(aimed.events, one).verdict).to.equal('pass');
    const elsewhere = both().fault('cut', 'b', [20_000, 32_000], { cuts: true, host: true });
    expect(checkHost(elsewhere.events, one).verdict).to.equal('fail');
  });

  it('fails a host that was away before a fault was aimed at it, or stays away when that is gone', () => {
    const both = (dead: readonly [number, number], aimed: readonly [number, number]) =>
      checkHost(
        day({ tunnelDead: [dead], hostDead: [dead] }).fault('cut', 'a', aimed, { cuts: true, host: true })
          .events,
        one,
      ).verdict;
    expect(both([20_000, 33_000], [20_000, 27_000])).to.equal('pass');
    expect(both([20_000, 40_000], [20_000, 27_000])).to.equal('fail');
    expect(both([15_000, 27_000], [20_000, 27_000])).to.equal('fail');
  });

  it('is inconclusive where nobody looked for longer than a host may be away, unless that was over before the steady state', () => {
    const judged = (path: 'tunnel' | 'host', unseen: readonly [number, number]) =>
      checkHost(
        quiet(day().events, path).probe('a', path, [100, DAY_MS], [], { unseen: [unseen] }).events,
        one,
      );
    expect(judged('host', [20_000, 23_000]).verdict).to.equal('inconclusive');
    expect(judged('host', [20_000, 23_000]).reason).to.contain('nobody looked on a by host for 3.0 s');
    expect(judged('host', [500, 2_300]).verdict).to.equal('pass');
    expect(judged('tunnel', [20_000, 23_000]).verdict).to.equal('pass');
  });

  it('is inconclusive where the two probes of a node are on two clocks, and without one', () => {
    const { events } = day();
    const mixed = events.map((event) =>
      event.type === 'ledger.probe.started' && (event.body as { epoch: string }).epoch === 'a host'
        ? { ...event, body: { ...(event.body as object), clock: 'boot-2' } }
        : event,
    );
    expect(checkHost(mixed, one).verdict).to.equal('inconclusive');
    expect(checkHost(mixed, one).reason).to.match(/two machines’ clocks/);
    const none = without(events, ({ body }) => (body as { epoch?: string }).epoch === 'a host');
    expect(checkHost(none, one).verdict).to.equal('inconclusive');
  });
});

describe('EDGE-6', () => {
  const never = target(0);
  const check = (history: History, level: 'smoke' | 'standard' = 'smoke') =>
    checkFrequency(history, { ...never, level }, 1_000);

  it('counts disconnects that no fault cuts by itself', () => {
    const story = day({ tunnelDead: [[20_000, 32_000]] });
    expect(check(story.events).verdict).to.equal('fail');
    // One in what is left of two links' minute once the steady state was reached.
    expect(check(story.events).measured).to.be.closeTo(3_600 / 115, 0.1);
    const defect = story.fault('defect', 'a', [19_000, 32_000], { cuts: false, host: false });
    expect(check(defect.events).verdict).to.equal('fail');
  });

  it('leaves out what a fault cuts whatever there is, and what is too short to be one', () => {
    const partition = day({ tunnelDead: [[20_000, 27_500]] }).fault('partition', 'a', [20_000, 27_000]);
    expect(check(partition.events)).to.include({ verdict: 'pass', measured: 0 });
    expect(check(partition.events).reason).to.match(/1 more by faults/);
    expect(check(day({ tunnelDead: [[20_000, 20_500]] }).events).verdict).to.equal('pass');
    const elsewhere = day({ tunnelDead: [[20_000, 27_500]] }).fault('partition', 'b', [20_000, 27_000]);
    expect(check(elsewhere.events).verdict).to.equal('fail');
  });

  it('counts one that was there before the fault that would have cut it', () => {
    const before = day({ tunnelDead: [[16_000, 27_000]] }).fault('partition', 'a', [20_000, 27_000]);
    expect(check(before.events).verdict).to.equal('fail');
  });

  it('is inconclusive where nobody looked for as long as a disconnect', () => {
    const story = quiet(day().events).probe('a', 'tunnel', [100, DAY_MS], [], { unseen: [[20_000, 22_000]] });
    expect(check(story.events).verdict).to.equal('inconclusive');
    expect(check(story.events).reason).to.contain('nobody looked on a by tunnel for 2.0 s');
  });

  it('says how often it may be, and is inconclusive on nothing', () => {
    expect(check(day().events, 'standard').upperBound).to.be.closeTo(3 / (115 / 3_600), 0.2);
    expect(check([]).verdict).to.equal('inconclusive');
  });
});
