import { expect } from 'chai';
import type { Track } from '../../harness/history/timeline.ts';
import { DAY_MS, day, Story } from './testing/story.ts';
import { timeline } from './timeline.ts';

function trackOf(story: Story, lane: string, name: string): Track | undefined {
  const lanes = timeline(story.events).flatMap((group) => group.lanes);
  return lanes.find(({ title }) => title === lane)?.tracks.find((track) => track.name === name);
}

/** `from–to tone` in seconds to a tenth. */
function row(story: Story, lane: string, name: string): string[] {
  const track = trackOf(story, lane, name);
  if (track?.kind !== 'spans') throw new Error(`${lane} has no row ${name}`);
  const second = (ms: number) => (ms / 1_000).toFixed(1);
  return track.spans.map(({ from, to, tone }) => `${second(from)}–${second(to)} ${tone}`);
}

function sampled(...samples: { mono: number; age?: number | null; rx?: number; errors?: number }[]): Story {
  const story = new Story();
  for (const { age = null, errors = 0, mono, rx = 0 } of samples) {
    const sample = { handshakeAgeMs: age, rxBytes: rx, txBytes: 0, inCsumErrors: errors };
    story.say(mono, 'tunnel.sample', { node: 'a', ...sample });
  }
  return story;
}

describe('the timeline of the suite edge', () => {
  it('has a lane a node, with the gaps of the tunnel on the history’s clock and none of the host', () => {
    const story = day({ tunnelDead: [[20_000, 25_000]] });
    expect(row(story, 'a', 'tunnel')).to.deep.equal(['0.1–19.9 good', '19.9–25.0 bad', '25.0–60.0 good']);
    expect(row(story, 'a', 'host')).to.deep.equal(['0.1–60.0 good']);
    expect(row(story, 'b', 'tunnel')).to.deep.equal(['0.1–60.0 good']);
  });

  it('says of a gap that is open at the end that it is', () => {
    const track = trackOf(day({ tunnelDead: [[50_000, DAY_MS + 1_000]] }), 'a', 'tunnel');
    expect(track?.kind === 'spans' && track.spans.at(-1)?.label).to.match(
      /^gap of 10\.\d\d s, .* open at the end$/,
    );
  });

  it('shows when the pod was not Ready', () => {
    const story = day().pod(30_000, 'a', { ready: false }).pod(33_000, 'a', { restarts: 1 });
    expect(row(story, 'a', 'pod')).to.deep.equal(['0.1–30.0 good', '30.0–33.0 waiting', '33.0–60.0 good']);
  });

  it('marks each handshake once', () => {
    const story = sampled(
      { mono: 1_000, age: 500 },
      { mono: 2_000, age: 2_000 },
      { mono: 9_000, age: null },
      { mono: 10_000, age: 1_000 },
    );
    const track = trackOf(story, 'a', 'handshakes');
    expect(track?.kind === 'marks' && track.marks.map(({ at }) => at)).to.deep.equal([500, 9_000]);
  });

  it('draws bytes a second, with a gap where the counter started again', () => {
    const story = sampled(
      { mono: 0 },
      { mono: 500, rx: 5_000 },
      { mono: 1_000, rx: 100 },
      { mono: 2_000, rx: 1_100 },
    );
    expect(trackOf(story, 'a', 'received')).to.deep.include({
      points: [
        [500, 10],
        [1_000, null],
        [2_000, 1],
      ],
    });
  });

  it('adds up what the cloud dropped for its checksum, over a counter that started again', () => {
    const story = sampled({ mono: 0, errors: 7 }, { mono: 1, errors: 9 }, { mono: 2, errors: 3 });
    expect(trackOf(story, 'a', 'InCsumErrors')).to.deep.include({
      points: [
        [0, 0],
        [1, 2],
        [2, 5],
      ],
    });
  });

  it('shows when the broker was away', () => {
    const story = day();
    for (const [mono, up] of [
      [10, true],
      [30_000, false],
      [32_000, true],
    ] as const)
      story.ledger(mono, 'cloud', { type: 'cloud.broker', up });
    expect(row(story, 'broker', 'up')).to.deep.equal(['0.0–30.0 good', '30.0–32.0 held', '32.0–60.0 good']);
  });

  it('of a history without anything has no row', () => {
    expect(
      timeline([])
        .flatMap(({ lanes }) => lanes)
        .flatMap(({ tracks }) => tracks),
    ).to.deep.equal([]);
  });
});
