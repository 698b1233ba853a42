import type { Series } from '../../harness/comparison/series.ts';
import type { History } from '../../harness/history/event.ts';
import { grouped } from '../../harness/history/grouped.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { levels } from '../../harness/verdict/level.ts';
import { countedOf, independent, once, trialsOf } from '../series.ts';
import { type Binding, bindLatencies } from './checkers/bind-latency.ts';
import { lieTrials } from './checkers/monitoring.ts';
import { monitoringOf, requirements, thresholdOf } from './requirements.ts';
import { settingsOf } from './settings.ts';

/** Of rates whose level claims none, in points. */
const RATE_MARGIN = 2;
/** Of a latency or a time to recover: this share of what its requirement allows. */
const MARGIN_SHARE = 0.1;

/** What lies behind the figures of each requirement, for a comparison with another run. Pure. */
export function series(history: History, plan: Plan): Series[] {
  const judged = (id: string) => {
    const requirement = requirements(plan).find((each) => each.id === id);
    if (!requirement) throw new RangeError(`there is no requirement ${id}`);
    return requirement.check(history);
  };
  const { settings } = settingsOf(plan);
  const { maxRate } = levels[plan.level];
  // Twice what the level's samples bound a rate to, for here two rates have theirs.
  const rate = maxRate === null ? RATE_MARGIN : 200 * maxRate;
  const bindings = busyPeriods(bindLatencies(history));
  const bind = (name: string, quantile: number): Series => ({
    ...{ requirement: 'GPU-4', name, unit: 'ms', margin: MARGIN_SHARE * thresholdOf(plan, 'GPU-4') },
    ...{ kind: 'values', quantile, blocks: bindings },
  });
  return [
    independent({ requirement: 'GPU-1', name: 'false allocations', margin: rate }, trialsOf(judged('GPU-1'))),
    independent(
      { requirement: 'GPU-2', name: 'containers that share a GPU', margin: rate },
      countedOf(judged('GPU-2')),
    ),
    independent({ requirement: 'GPU-3', name: 'starts that fail', margin: rate }, trialsOf(judged('GPU-3'))),
    bind('bind latency p50', 0.5),
    bind('bind latency p99', 0.99),
    independent({ requirement: 'GPU-5', name: 'pods that starve', margin: rate }, countedOf(judged('GPU-5'))),
    {
      ...{ requirement: 'GPU-6', name: 'recovery of the plugin', unit: 's' },
      margin: MARGIN_SHARE * thresholdOf(plan, 'GPU-6'),
      ...{ kind: 'values', quantile: 0.5, blocks: once(judged('GPU-6')) },
    },
    {
      ...{ requirement: 'GPU-7', name: 'Jobs at once on a node', unit: 'Jobs', margin: 1 },
      ...{ kind: 'values', quantile: 0.5, blocks: once(judged('GPU-7')) },
    },
    ...(settings.exporter === false
      ? []
      : [
          independent(
            { requirement: 'GPU-9', name: 'starts said to hold what they cannot use', margin: rate },
            lieTrials(history, monitoringOf(settings)),
          ),
        ]),
  ];
}

/** Latencies by the times in which a node had any association to make: those of one queue share its luck. */
function busyPeriods(bindings: readonly Binding[]): number[][] {
  return [...grouped(bindings, ({ source }) => source).values()].flatMap((onNode) => {
    const periods: number[][] = [];
    let busyUntil = Number.NEGATIVE_INFINITY;
    for (const { fromMono, ms, toMono } of [...onNode].sort((a, b) => a.fromMono - b.fromMono)) {
      if (ms === undefined || toMono === undefined) continue;
      if (fromMono > busyUntil) periods.push([]);
      periods.at(-1)?.push(ms);
      busyUntil = Math.max(busyUntil, toMono);
    }
    return periods;
  });
}
