import type { Estimate } from '../../simulation/estimate.ts';
import { figure, shown } from '../../simulation/words.ts';
import { type Remedies, remediesOf } from '../settings.ts';
import type { Figures } from './figures.ts';
import type { Parameters } from './parameters.ts';

/** A figure of the incident's account, what the model makes of it on the incident's cluster, and what has to be so. */
export interface Headline {
  claim: string;
  unit: string;
  predicted: Estimate;
  /** The prediction lies within the claim, with its interval; 30 % is taken as 25 to 35. */
  holds: boolean;
  needs: string[];
}

/** So long that figures of three nodes are as sure as those of a thousand. */
const DAYS = 120;
const NONE: Estimate = { figure: 0, lower: 0, upper: null };

export function headlinesOf(
  parameters: Parameters,
  lived: (parameters: Parameters, remedies: Remedies) => Figures,
): Headline[] {
  const { gpusPerNode, kubelet } = parameters;
  const on = (placement: 'spread' | 'pack', remedies: Remedies): Figures =>
    lived(incidentCluster(parameters, 2, placement), remedies);
  const [none, all] = [remediesOf('incident', gpusPerNode), remediesOf('hardened', gpusPerNode)];
  const [spread, packed, hardened] = [on('spread', none), on('pack', none), on('spread', all)];
  const started = `containers that start ${figure(kubelet.start.p50 / 1_000)} s after admission: an input`;
  const [before, inAPack, after] = [spread, packed, hardened].map(({ bindP99Ms }) => bindP99Ms ?? NONE) as [
    Estimate,
    Estimate,
    Estimate,
  ];
  const succeeded = succeededPercent(hardened);
  return [
    {
      claim: 'without remedies 30 % falsely allocated',
      unit: '%',
      predicted: spread.falsePercent,
      holds: within(spread.falsePercent, 25, 35),
      needs: [
        started,
        `Jobs spread over the nodes; packed, it is ${shown(packed.falsePercent)} %`,
        'a container that starts too early to stay without for as long as the queue lasts, ' +
          `here ${figure((spread.lacksP99Ms ?? 0) / 1_000)} s at p99: nothing in the model keeps it without for 1–2 minutes`,
      ],
    },
    {
      claim: 'without remedies 2–3 s to bind in a burst',
      unit: 'ms at p99',
      predicted: before,
      holds: within(before, 2_000, 3_000),
      needs: [
        `as many pods on one node as it has GPUs, one association after the other: packed, it is ${shown(inAPack)} ms`,
      ],
    },
    {
      claim: 'with all remedies no false allocation',
      unit: '%',
      predicted: hardened.falsePercent,
      holds: hardened.falseStarts === 0,
      needs: ['the wait; or the pool, and containers that start later than an association takes'],
    },
    {
      claim: 'with all remedies 300–500 ms to bind, at most',
      unit: 'ms at p99',
      predicted: after,
      holds: within(after, 0, 500),
      needs: [
        `a lock that is held for ${figure(parameters.driver.lock)} ms of an association: of an input much depends, for a pool of workers waits for it one by one`,
      ],
    },
    {
      claim: 'with all remedies ≥ 99.5 % of the starts succeed',
      unit: '%',
      predicted: succeeded,
      holds: succeeded.figure >= 99.5,
      needs: ['no other failure: the model knows none but a plugin that gives up'],
    },
  ];
}

/** Three nodes, which are free when so many Jobs come at once. */
export function incidentCluster(
  parameters: Parameters,
  jobs: number,
  placement: 'spread' | 'pack',
): Parameters {
  return {
    ...parameters,
    nodes: 3,
    days: DAYS,
    warmUp: 0,
    load: {
      ...parameters.load,
      offered: 0.02,
      jobs: { least: jobs, most: jobs },
      lasts: { least: 600_000, most: 600_000 },
      replicas: parameters.gpusPerNode,
      tenants: 1,
    },
    quotaShare: 1,
    scheduler: { ...parameters.scheduler, placement },
  };
}

function succeededPercent({ failed, falseStarts, starts }: Figures): Estimate {
  const percent = (100 * (starts - falseStarts)) / Math.max(1, starts + failed);
  return { figure: percent, lower: percent, upper: null };
}

function within({ figure: value, lower, upper }: Estimate, least: number, most: number): boolean {
  return Math.min(value, lower) >= least && Math.max(value, upper ?? value) <= most;
}
