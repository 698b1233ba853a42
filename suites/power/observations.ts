import { Plan } from '../../harness/plan/schema.ts';
import { nearestRank } from '../../harness/verdict/bounds.ts';
import { levels } from '../../harness/verdict/level.ts';
import { Level, type Requirement } from '../../harness/verdict/verdict.ts';
import { LINK_FAULTS } from '../edge/link-faults.ts';
import { requirements as edgeRequirements } from '../edge/requirements.ts';
import { lanesOf, scheduleOf } from '../edge/schedule.ts';
import { settingsOf as edgeSettings, resolve as resolveEdge } from '../edge/settings.ts';
import { requirements as gpuRequirements } from '../gpu/requirements.ts';
import { settingsOf as gpuSettings, resolve as resolveGpu } from '../gpu/settings.ts';
import { type Judged, judgeFigure, judgeRate, judgeShare, type Target } from '../judged.ts';
import type { Observation } from './power.ts';

/** What a requirement counts in one run of the default plan of a level. */
export interface Counted extends Observation {
  id: string;
  level: Level;
  /** What is bad, in plural. */
  bad: string;
  /** What it is counted of, in plural. */
  among: string;
}

const SURE = { reason: '', doubts: [] };

/** In the order of the requirements and, within each, of the levels. */
export function observations(): Counted[] {
  return Level.options
    .flatMap((level) => [...gpuObservations(level), ...edgeObservations(level)])
    .sort((a, b) => a.id.localeCompare(b.id) || order(a.level) - order(b.level))
    .sort((a, b) => Number(a.id.startsWith('EDGE')) - Number(b.id.startsWith('EDGE')));
}

function gpuObservations(level: Level): Counted[] {
  const plan = resolveGpu(Plan.parse({ level, profile: 'hardened', suites: [{ name: 'gpu' }] }));
  const { starts } = gpuSettings(plan).settings;
  const target = (id: string) => targetOf(gpuRequirements(plan), id, level);
  const trials = (
    id: string,
    bad: string,
    among: string,
    size: number,
    judge: (count: number, size: number, target: Target) => Judged,
  ): Counted => {
    const to = target(id);
    return {
      ...{ id, level, bad, among, of: 'trials', size },
      verdict: (count) => judge(count, size, to).verdict,
    };
  };
  const counting = (count: number, size: number, to: Target) => judgeFigure(count, size, to, '', SURE);
  return [
    trials('GPU-1', 'false allocations', 'starts', starts, (count, size, to) =>
      judgeRate(count, size, to, SURE),
    ),
    trials('GPU-2', 'containers that share a GPU', 'starts', starts, counting),
    trials('GPU-3', 'starts that fail', 'starts', starts, (count, size, to) =>
      judgeShare(size - count, size, to, SURE),
    ),
    trials('GPU-4', 'bindings above the threshold', 'bindings', starts, (count, size, to) =>
      // The quantile is above it where more are than lie behind its rank.
      judgeFigure(count > size - nearestRank(size, 0.99) ? to.threshold + 1 : 0, size, to, '', {
        reason: '',
        doubts: size < levels[level].minSamples ? ['too few'] : [],
      }),
    ),
    trials('GPU-5', 'pods that starve', 'pods', starts, counting),
    trials('GPU-6', 'restarts that take too long', 'restarts', 1, (count, size, to) =>
      judgeFigure(count * (to.threshold + 1), size, to, '', SURE),
    ),
  ];
}

function edgeObservations(level: Level): Counted[] {
  const plan = resolveEdge(Plan.parse({ level, profile: 'hardened', suites: [{ name: 'edge' }] }));
  const { disconnectAfter, messages, nodes, rate } = edgeSettings(plan).settings;
  const schedule = scheduleOf(plan, LINK_FAULTS);
  const onLinks = schedule.filter(({ link }) => link !== undefined);
  const sum = (holds: readonly { holdMs: number }[]) => holds.reduce((ms, { holdMs }) => ms + holdMs, 0);
  const broken =
    Math.max(...lanesOf(schedule, nodes).map(sum)) + sum(schedule.filter(({ link }) => link === undefined));
  /** Of all links, in which a silence that begins is as long before the end as it takes to be a bad one. */
  const hours = (leastMs: number) => {
    // They are watched while the faults are held, and until what is to be measured was.
    const eachMs = Math.max(broken, (1_000 * messages) / rate / nodes);
    return (nodes * (eachMs - leastMs)) / 3_600_000;
  };
  const target = (id: string) => targetOf(edgeRequirements(plan), id, level);
  const each = (id: string, bad: string, among: string, of: Observation['of'], size: number): Counted => {
    const to = target(id);
    return {
      ...{ id, level, bad, among, of, size },
      verdict: (count) => judgeFigure(count * (to.threshold + 1), 1, to, '', SURE).verdict,
    };
  };
  const cuts = onLinks.filter(
    ({ holdMs, kind }) => LINK_FAULTS[kind]?.cuts === true && holdMs > 1_000 * target('EDGE-3').threshold,
  );
  const loss = target('EDGE-2');
  return [
    each(
      'EDGE-1',
      'disconnects that are too long',
      'links',
      'hours',
      hours(1_000 * target('EDGE-1').threshold),
    ),
    {
      ...{ id: 'EDGE-2', level, bad: 'messages lost', among: 'messages', of: 'trials', size: messages },
      verdict: (count) => judgeRate(count, messages, loss, SURE).verdict,
    },
    each('EDGE-3', 'disconnects that nobody notices in time', 'disconnects', 'trials', cuts.length),
    each('EDGE-4', 'tunnels that do not heal in time', 'faults on links', 'trials', onLinks.length),
    each(
      'EDGE-5',
      'silences of the host that are too long',
      'links',
      'hours',
      hours(1_000 * target('EDGE-5').threshold),
    ),
    each('EDGE-6', 'disconnects', 'links', 'hours', hours(disconnectAfter)),
  ];
}

function targetOf(requirements: readonly Requirement[], id: string, level: Level): Target {
  const requirement = requirements.find((each) => each.id === id);
  if (!requirement) throw new RangeError(`there is no requirement ${id}`);
  return { level, threshold: requirement.check([]).threshold };
}

function order(level: Level): number {
  return Level.options.indexOf(level);
}
