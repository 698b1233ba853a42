import { expect } from 'chai';
import fc from 'fast-check';
import type { Target } from '../../judged.ts';
import type { Scrape } from '../events.ts';
import { Written } from '../testing/written.ts';
import { MAIN } from '../workload/jobs.ts';
import { checkMonitoring } from './monitoring.ts';

const target = { level: 'smoke', threshold: 500 } as const;
const DEVICE = 'gpu-0';
/** By how much the node’s wall clock is ahead of the harness’s monotonic one. */
const AHEAD = 1_000_000;

interface Scene {
  /** From when on, and until when, the container can use its device. */
  usable?: readonly [from: number, to: number];
  /** From when on, and until when, the exporter says that it holds it. */
  said?: readonly [from: number, to: number];
  /** What it says that it holds. */
  device?: string;
  lookEvery?: number;
  scrapeEvery?: number;
  /** What of a scrape is other than it should be; undefined: it failed. */
  twist?: (scrape: Scrape) => Scrape | undefined;
}

/** One container from 1,000 ms on for two seconds, and a node’s exporter for six; all times are of the harness’s clock. */
function written({
  usable = [0, 9_000],
  said = [0, 9_000],
  device = DEVICE,
  lookEvery = 100,
  scrapeEvery = 130,
  twist = (scrape) => scrape,
}: Scene = {}) {
  const history = new Written().allocate('a', [DEVICE], 500).listed(['p', DEVICE]).pod('p');
  let n = 0;
  for (let at = 1_000; at <= 3_000; at += lookEvery)
    history.probe('p', 'a', n++, at >= usable[0] && at < usable[1] ? [DEVICE] : [], at + AHEAD);
  for (let at = 0; at < 6_000; at += scrapeEvery) {
    const now = at >= said[0] && at < said[1];
    const scrape = twist({
      node: 'w1',
      sentMono: at - 2,
      receivedMono: at + 3,
      date: Math.floor((at + AHEAD) / 1_000) * 1_000,
      claims: now ? [{ device, pod: 'p', container: MAIN }] : [],
      parts: 0,
    });
    if (scrape) history.add('exporter/w1', 'exporter.scraped', scrape);
    else
      history.add('exporter/w1', 'exporter.unread', {
        node: 'w1',
        sentMono: at,
        receivedMono: at,
        reason: 'x',
      });
  }
  const looks = n;
  return {
    events: history.events,
    options: { scrapeIntervalMs: scrapeEvery, lookIntervalMs: lookEvery, looks },
  };
}

function judged(scene: Scene = {}, to: Target = target) {
  const { events, options } = written(scene);
  return checkMonitoring(events, to, options);
}

describe('GPU-9', () => {
  it('passes an exporter that says bound of what its container can use, and of nobody before', () => {
    expect(judged()).to.include({ verdict: 'pass', measured: 0, samples: 1, unit: 'ms' });
    expect(judged({ said: [700, 9_000] }).reason).to.match(
      /up to (2[2-9]\d|3\d\d|4[0-3]\d) ms before the first look/,
    );
  });

  it('refuses one that says bound for a second of what is not usable, and measures it from above', () => {
    const lied = judged({ usable: [2_000, 9_000] });
    expect(lied.verdict).to.equal('fail');
    expect(lied.measured).to.equal(1_000);
    expect(lied.reason).to.match(/of 1 of 1 starts .* for the longest 900 to 1000 ms \(p on w1, gpu-0\)/);
  });

  it('refuses one that says so of a container that never can, and of a device that is another’s', () => {
    expect(judged({ usable: [0, 0] }).verdict).to.equal('fail');
    expect(judged({ device: 'gpu-7' }).verdict).to.equal('fail');
    expect(judged({ usable: [0, 1_500] }).verdict).to.equal('fail');
  });

  it('passes one that does not say so while it is not so', () => {
    expect(judged({ usable: [2_000, 9_000], said: [2_000, 9_000] })).to.include({ verdict: 'pass' });
    expect(judged({ usable: [2_000, 9_000], said: [2_000, 9_000] }).measured).to.be.within(0, 250);
  });

  it('is inconclusive where the bounds stand on both sides of the threshold', () => {
    const seldom = judged({ usable: [1_450, 9_000], lookEvery: 400 });
    expect(seldom).to.include({ verdict: 'inconclusive', measured: 800 });
    expect(seldom.reason).to.match(/no more than 400 ms are sure/);
  });

  it('is inconclusive without a scrape, with none while it ran, and where nobody was ever named', () => {
    expect(judged({ twist: () => undefined })).to.include({ verdict: 'inconclusive', measured: null });
    const gap = judged({
      twist: (scrape) => (scrape.sentMono > 400 && scrape.sentMono < 3_500 ? undefined : scrape),
    });
    expect(gap.verdict).to.equal('inconclusive');
    expect(gap.reason).to.match(/its exporter was not read for 3\d\d\d ms while it ran/);
    expect(judged({ said: [0, 0] })).to.include({ verdict: 'inconclusive', measured: null });
    const nowhere = new Written().start('p', DEVICE, 0);
    nowhere.add('exporter/w1', 'exporter.absent', { node: 'w1', reason: 'no pod' });
    const asked = { scrapeIntervalMs: 250, lookIntervalMs: 200, looks: 2 };
    expect(checkMonitoring(nowhere.events, target, asked).reason).to.match(/no exporter on w1: no pod/);
  });

  it('asks for as many starts that were named as the level does', () => {
    const few = judged({}, { level: 'standard', threshold: 500 });
    expect(few.verdict).to.equal('inconclusive');
    expect(few.reason).to.contain('1 seen, the level standard asks for 300');
  });

  it('is inconclusive where it was not read for long around a start that was shorter', () => {
    const short = (until: number) => {
      const { events, options } = written({
        twist: (scrape) => (scrape.sentMono > 3_400 && scrape.sentMono < until ? undefined : scrape),
      });
      const more = new Written();
      more.events.push(...events);
      more.allocate('b', ['gpu-1'], 4_000).listed(['q', 'gpu-1']).pod('q');
      for (let n = 0; n < options.looks; n++) more.probe('q', 'b', n, ['gpu-1'], 4_000 + 10 * n + AHEAD);
      return checkMonitoring(more.events, target, options);
    };
    expect(short(4_300).verdict).to.equal('pass');
    expect(short(5_600).verdict).to.equal('inconclusive');
    expect(short(5_600).reason).to.match(/its exporter was not read for 2\d\d\d ms while it ran/);
  });

  it('is inconclusive where the node’s clock is not known, or jumped, and where parts of devices are spoken of', () => {
    expect(judged({ twist: (scrape) => ({ ...scrape, date: null }) }).reason).to.match(
      /no answer has a Date/,
    );
    const jumped = judged({
      twist: (scrape) => ({ ...scrape, date: (scrape.date ?? 0) + (scrape.sentMono > 2_000 ? 5_000 : 0) }),
    });
    expect(jumped.verdict).to.equal('inconclusive');
    expect(jumped.reason).to.match(/clock of w1’s exporter jumped/);
    expect(judged({ twist: (scrape) => ({ ...scrape, parts: 1 }) }).verdict).to.equal('inconclusive');
  });

  it('has the truth within its bounds, whenever container and exporter change their mind', () => {
    const time = fc.integer({ min: 0, max: 4_000 });
    const scenes = fc.record({
      from: time,
      said: time,
      until: time,
      lookEvery: fc.integer({ min: 40, max: 500 }),
      scrapeEvery: fc.integer({ min: 40, max: 700 }),
    });
    fc.assert(
      fc.property(scenes, ({ from, lookEvery, said, scrapeEvery, until }) => {
        const scene = { usable: [from, 9_000], said: [said, until], lookEvery, scrapeEvery } as const;
        const { measured } = judged(scene);
        fc.pre(measured !== null);
        const last = 1_000 + Math.floor(2_000 / lookEvery) * lookEvery;
        const truth = Math.max(0, Math.min(from, until, last) - Math.max(said, 1_000));
        // A lie that begins and ends between two looks or two scrapes is not seen.
        const seen = truth > lookEvery + scrapeEvery;
        if (seen) expect(measured).to.be.at.least(truth - 1e-6);
        if (truth > 0)
          expect(judged(scene, { level: 'smoke', threshold: truth }).verdict).not.to.equal('fail');
      }),
      { numRuns: 400 },
    );
  });
});
