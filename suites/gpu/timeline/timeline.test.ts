import { expect } from 'chai';
import type { LaneGroup, Track } from '../../../harness/history/timeline.ts';
import { Written } from '../testing/written.ts';
import { timeline } from './timeline.ts';

const DAY_MS = 20_000;

/** `from–to tone` of a device's row. */
function row(groups: readonly LaneGroup[], lane: string, name: string): string[] {
  const track = trackOf(groups, lane, name);
  if (track?.kind !== 'spans') throw new Error(`${lane} has no row ${name}`);
  return track.spans.map(({ from, to, tone }) => `${from}–${to} ${tone}`);
}

function trackOf(groups: readonly LaneGroup[], lane: string, name: string): Track | undefined {
  const lanes = groups.flatMap((group) => group.lanes);
  return lanes.find(({ title }) => title === lane)?.tracks.find((track) => track.name === name);
}

/** One pod on gpu-0, allocated at 1 s, associated at 3 s, over at 9 s; its first look at 2 s, its next at 4 s. */
function story(first: string[]): Written {
  const running = { phase: 'Running', containers: [] };
  const history = new Written();
  history.allocate('a', ['gpu-0'], 1_000);
  const at = (mono: number) => Object.assign(history.events.at(-1) as object, { mono, wall: mono });
  at(1_000);
  history.pod('p', running);
  at(1_500);
  history.probe('p', 'a', 0, first, 2_000);
  at(2_000);
  history.associate('a', 'gpu-0', 3_000);
  at(3_000);
  history.probe('p', 'a', 1, ['gpu-0'], 4_000);
  at(4_000);
  history.pod('p');
  at(9_000);
  history.add('harness', 'run.ended', { outcome: 'done' }, DAY_MS);
  return history;
}

describe('the timeline of the suite gpu', () => {
  it('sets what a device was allocated over what its container could use', () => {
    const groups = timeline(story([]).events);
    expect(row(groups, 'gpu-0', 'allocated')).to.deep.equal(['1000–3000 waiting', '3000–9000 neutral']);
    expect(row(groups, 'gpu-0', 'usable')).to.deep.equal(['2000–4000 bad', '4000–9000 good']);
  });

  it('has nothing bad where every look was good', () => {
    expect(row(timeline(story(['gpu-0']).events), 'gpu-0', 'usable')).to.deep.equal([
      '2000–4000 good',
      '4000–9000 good',
    ]);
  });

  it('draws a node whose clock is off where it was', () => {
    const { events } = story([]);
    for (const event of events) {
      const body = event.body as { mono?: number };
      if (event.type.startsWith('ledger.') && body.mono !== undefined) body.mono += 500_000;
    }
    expect(row(timeline(events), 'gpu-0', 'allocated')[0]).to.equal('1000–3000 waiting');
  });

  it('ends an allocation of which nothing more was seen at the next one of its device', () => {
    const history = new Written();
    history.allocate('a', ['gpu-0'], 0).allocate('b', ['gpu-0'], 1).add('harness', 'run.ended', {}, 2);
    expect(row(timeline(history.events), 'gpu-0', 'allocated')).to.deep.equal(['0–1 waiting', '1–2 waiting']);
  });

  it('counts the pods in each phase, and forgets those that are gone', () => {
    const history = new Written().pod('p', { phase: 'Pending' }).pod('q', { phase: 'Pending' });
    history.pod('p', { phase: 'Running' }).pod('p', { gone: true });
    const line = (name: string) => trackOf(timeline(history.events), 'all nodes', name);
    expect(line('Pending')).to.deep.include({
      points: [
        [0, 0],
        [0, 1],
        [1, 2],
        [2, 1],
      ],
    });
    expect(line('Running')).to.deep.include({
      points: [
        [0, 0],
        [2, 1],
        [3, 0],
      ],
    });
  });

  it('has a lane a device that the plugin ever listed, and shows when the driver lost it', () => {
    const history = new Written();
    const line = (type: string, more: object, mono: number) =>
      history.add('node/w1', `ledger.${type}`, { at: mono, mono, type, ...more }, mono);
    line('plugin.devices', { healthy: ['gpu-10', 'gpu-2'], unhealthy: [] }, 0);
    line('driver.lost', { device: 'gpu-2' }, 5);
    line('driver.restored', { device: 'gpu-2' }, 8);
    const groups = timeline(history.events);
    expect(
      groups.find(({ title }) => title === 'Devices of w1')?.lanes.map(({ title }) => title),
    ).to.deep.equal(['gpu-2', 'gpu-10']);
    expect(row(groups, 'gpu-2', 'lost')).to.deep.equal(['5–8 held']);
  });

  it('shows when the plugin was not registered', () => {
    const history = new Written();
    for (const [mono, type] of [
      [1, 'registered'],
      [4, 'stopped'],
      [6, 'registered'],
      [9, 'stopped'],
    ] as const)
      history.add('node/w1', `ledger.plugin.${type}`, { at: mono, mono, type: `plugin.${type}` }, mono);
    history.add('harness', 'run.ended', {}, 10);
    expect(row(timeline(history.events), 'w1', 'plugin')).to.deep.equal([
      '1–4 neutral',
      '4–6 waiting',
      '6–9 neutral',
      '9–10 waiting',
    ]);
  });

  it('of a history without anything is empty', () => {
    expect(
      timeline([])
        .flatMap(({ lanes }) => lanes)
        .flatMap(({ tracks }) => tracks),
    ).to.have.length.below(2);
  });
});
