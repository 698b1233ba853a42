import type { Series } from '../../harness/comparison/series.ts';
import type { History } from '../../harness/history/event.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { disconnectsIn, HOUR_MS } from './checkers/frequency.ts';
import { unaimedOutages } from './checkers/host.ts';
import { notices } from './checkers/notice.ts';
import { recoveries } from './checkers/self-heal.ts';
import { type Outage, timelines } from './connectivity.ts';
import { joinLedgers } from './delivery.ts';
import { size, subtract } from './ranges.ts';
import { nodesOf } from './record.ts';
import { requirements } from './requirements.ts';
import { settingsOf } from './settings.ts';

/** Of a time, in seconds: this share of what its requirement allows. */
const MARGIN_SHARE = 0.1;
/** Of lost messages, in points: the incident's remedies left less than this. */
const LOSS_MARGIN = 0.1;
/** Of disconnects in an hour: no run is as long as it would take to tell fewer apart. */
const DISCONNECTS_MARGIN = 10;

/** What lies behind the figures of each requirement, for a comparison with another run; a link is a block. Pure. */
export function series(history: History, plan: Plan): Series[] {
  const { settings } = settingsOf(plan);
  const nodes = nodesOf(history) ?? [];
  const ways = timelines(history);
  const tunnels = ways.filter(({ path }) => path === 'tunnel');
  const { disconnects, watchedMs } = disconnectsIn(history, tunnels, settings.disconnectAfter);
  const thresholdOf = (id: string) => {
    const requirement = requirements(plan).find((each) => each.id === id);
    if (!requirement) throw new RangeError(`there is no requirement ${id}`);
    return requirement.check(history).threshold;
  };
  const seconds = (requirement: string, name: string, msOfLinks: number[][]): Series => ({
    ...{ requirement, name, unit: 's', margin: MARGIN_SHARE * thresholdOf(requirement) },
    ...{ kind: 'values', quantile: 0.5, blocks: msOfLinks.map((link) => link.map((ms) => ms / 1_000)) },
  });
  const noticeAfterS = thresholdOf('EDGE-3');
  return [
    seconds(
      'EDGE-1',
      'longest disconnect of a link',
      tunnels.map(({ outages }) => [longest(outages)]),
    ),
    {
      ...{ requirement: 'EDGE-2', name: 'messages lost', unit: '%', margin: LOSS_MARGIN },
      ...{ kind: 'trials', independent: false },
      blocks: joinLedgers(history, nodes).deliveries.map((delivery) => ({
        bad: size(subtract(delivery[settings.lossOf], delivery.received)),
        of: size(delivery[settings.lossOf]),
      })),
    },
    seconds(
      'EDGE-3',
      'notice of a disconnect',
      tunnels.map((way) =>
        // One that nobody noticed took all of its time, and more.
        notices(history, way, noticeAfterS).map(({ afterMs, outage }) => afterMs ?? outage.ms),
      ),
    ),
    seconds(
      'EDGE-4',
      'recovery of a tunnel',
      nodes.map((node) => recoveries(history, node).map(({ ms }) => ms)),
    ),
    seconds(
      'EDGE-5',
      'longest silence of a host’s network',
      ways.filter(({ path }) => path === 'host').map((way) => [longest(unaimedOutages(history, way))]),
    ),
    {
      ...{ requirement: 'EDGE-6', name: 'disconnects', unit: '/h', margin: DISCONNECTS_MARGIN },
      ...{ kind: 'events', events: disconnects, exposure: watchedMs / HOUR_MS },
    },
  ];
}

function longest(outages: readonly Pick<Outage, 'ms'>[]): number {
  return outages.reduce((most, { ms }) => Math.max(most, ms), 0);
}
