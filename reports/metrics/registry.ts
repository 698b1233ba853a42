import { Counter, Gauge, type OpenMetricsContentType, Registry } from 'prom-client';
import { grouped } from '../../harness/history/grouped.ts';
import { judgeFaults } from '../../harness/verdict/faults.ts';
import {
  type FaultVerdict,
  Outcome,
  type RequirementVerdict,
  type Verdict,
} from '../../harness/verdict/verdict.ts';
import { firstOf, type Progress, phasesIn } from './progress.ts';

/** One run as its metrics tell of it. */
export interface Told {
  runId: string;
  progress: Progress;
  /** Absent while the run lives. */
  verdict?: Verdict;
}

type Samples = readonly (readonly [labels: Record<string, string>, value: number])[];

/** One metric: its samples of one run, each labelled with the run besides. */
interface Family {
  name: `ordeal_${string}`;
  help: string;
  type: 'counter' | 'gauge';
  labels: readonly string[];
  samples(told: Told): Samples;
}

const ofRequirements =
  (samples: (requirement: RequirementVerdict) => Samples): Family['samples'] =>
  ({ verdict }) =>
    (verdict?.requirements ?? []).flatMap((each) =>
      samples(each).map(([labels, value]) => [{ requirement: each.id, ...labels }, value] as const),
    );

const ofFaults =
  (counts: (fault: FaultVerdict) => boolean): Family['samples'] =>
  ({ progress, verdict }) => {
    const faults = verdict?.faults ?? judgeFaults(progress.engine, []);
    return [...grouped(faults, ({ kind }) => kind)].map(([kind, own]) => [
      { kind },
      own.filter(counts).length,
    ]);
  };

const figure =
  (of: (requirement: RequirementVerdict) => number | null) =>
  (requirement: RequirementVerdict): Samples => {
    const value = of(requirement);
    return value === null ? [] : [[{ unit: requirement.unit }, value]];
  };

/** Everything that is told, in its order. */
const FAMILIES: readonly Family[] = [
  {
    name: 'ordeal_run_info',
    help: 'What the run is of; always 1.',
    type: 'gauge',
    labels: ['cluster', 'provider', 'evidence', 'kubernetes', 'profile', 'level'],
    samples: info,
  },
  {
    name: 'ordeal_cluster_version_info',
    help: 'Version of each component that was found in the cluster; always 1.',
    type: 'gauge',
    labels: ['component', 'version'],
    samples: (told) =>
      Object.entries(clusterOf(told)?.versions ?? {}).map(([component, version]) => [
        { component, version },
        1,
      ]),
  },
  {
    name: 'ordeal_run_start_time_seconds',
    help: 'When recording started, since the epoch.',
    type: 'gauge',
    labels: [],
    samples: (told) => timeOf(told, 'startedAt', 'run.started'),
  },
  {
    name: 'ordeal_run_end_time_seconds',
    help: 'When recording ended, since the epoch.',
    type: 'gauge',
    labels: [],
    samples: (told) => timeOf(told, 'endedAt', 'run.ended'),
  },
  {
    name: 'ordeal_run_phase',
    help: 'Whether the run is in a phase that it has entered.',
    type: 'gauge',
    labels: ['phase'],
    samples: ({ progress }) => [...phasesIn(progress)].map(([phase, within]) => [{ phase }, Number(within)]),
  },
  {
    name: 'ordeal_run_verdict',
    help: 'The verdict of the run: 1 for what it is and 0 for what it is not.',
    type: 'gauge',
    labels: ['verdict'],
    samples: ({ verdict }) => (verdict ? states(Outcome.options, verdict.verdict) : []),
  },
  {
    name: 'ordeal_requirement_verdict',
    help: 'The verdict of a requirement: 1 for what it is and 0 for what it is not; skipped where the plan left it out.',
    type: 'gauge',
    labels: ['requirement', 'title', 'evidence', 'verdict'],
    samples: ofRequirements(({ evidence, skipped, title, verdict }) =>
      states([...Outcome.options, 'skipped'], skipped ? 'skipped' : verdict).map(
        ([state, value]) => [{ title, evidence, ...state }, value] as const,
      ),
    ),
  },
  {
    name: 'ordeal_requirement_measured',
    help: 'What was measured of a requirement; absent where nothing could be.',
    type: 'gauge',
    labels: ['requirement', 'unit'],
    samples: ofRequirements(figure(({ measured }) => measured)),
  },
  {
    name: 'ordeal_requirement_threshold',
    help: 'What a requirement asks of the measured figure, by how it is compared.',
    type: 'gauge',
    labels: ['requirement', 'unit', 'comparison'],
    samples: ofRequirements(({ comparison, threshold, unit }) => [[{ unit, comparison }, threshold]]),
  },
  {
    name: 'ordeal_requirement_samples',
    help: 'Independent observations on which the measured figure rests.',
    type: 'gauge',
    labels: ['requirement'],
    samples: ofRequirements(({ samples }) => [[{}, samples]]),
  },
  {
    name: 'ordeal_requirement_upper_bound',
    help: 'One-sided bound of the figure on its bad side, by its confidence; absent where none was asked.',
    type: 'gauge',
    labels: ['requirement', 'unit', 'confidence'],
    samples: ofRequirements(({ confidence, unit, upperBound }) =>
      upperBound === null ? [] : [[{ unit, confidence: String(confidence ?? '') }, upperBound]],
    ),
  },
  {
    name: 'ordeal_faults_injected_total',
    help: 'Faults that were injected.',
    type: 'counter',
    labels: ['kind'],
    samples: ofFaults(({ injected }) => injected),
  },
  {
    name: 'ordeal_faults_bit_total',
    help: 'Faults that were seen to bite.',
    type: 'counter',
    labels: ['kind'],
    samples: ofFaults(({ bit }) => bit),
  },
  {
    name: 'ordeal_faults_healed_total',
    help: 'Faults that were seen to be gone.',
    type: 'counter',
    labels: ['kind'],
    samples: ofFaults(({ healed }) => healed),
  },
  {
    name: 'ordeal_events_total',
    help: 'Events that were recorded.',
    type: 'counter',
    labels: ['type'],
    samples: ({ progress }) => [...progress.counts].map(([type, count]) => [{ type }, count]),
  },
];

/** The OpenMetrics text of runs as they stand. */
export async function openMetrics(runs: readonly Told[]): Promise<string> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  tell(runs, registry);
  return await registry.metrics();
}

/** Runs as they stand, in the older text format, which is the one that a Pushgateway reads. */
export function prometheusRegistry(runs: readonly Told[]): Registry {
  const registry = new Registry();
  tell(runs, registry);
  return registry;
}

function tell(runs: readonly Told[], registry: Registry | Registry<OpenMetricsContentType>): void {
  for (const { name, help, type, labels, samples } of FAMILIES) {
    const of = { name, help, labelNames: ['run', ...labels], registers: [registry] };
    const sampled = runs.flatMap((told) =>
      samples(told).map(([own, value]) => [{ run: told.runId, ...own }, value] as const),
    );
    if (type === 'counter') {
      const counter = new Counter(of);
      for (const [own, value] of sampled) counter.inc(own, value);
    } else {
      const gauge = new Gauge(of);
      for (const [own, value] of sampled) gauge.set(own, value);
    }
  }
}

function clusterOf({
  progress,
  verdict,
}: Told): (Omit<Verdict['cluster'], 'evidence' | 'nodes'> & { evidence: string }) | undefined {
  return verdict?.cluster ?? firstOf(progress, 'cluster.up')?.body;
}

function info(told: Told): Samples {
  const cluster = clusterOf(told);
  const run = told.verdict ?? firstOf(told.progress, 'run.started')?.body;
  if (!cluster || !run) return [];
  const { evidence, name, provider, versions } = cluster;
  const { level, profile } = run;
  return [[{ cluster: name, provider, evidence, kubernetes: versions.kubernetes ?? '', profile, level }, 1]];
}

function timeOf(
  { progress, verdict }: Told,
  field: 'startedAt' | 'endedAt',
  type: 'run.started' | 'run.ended',
): Samples {
  const ms = verdict ? Date.parse(verdict[field]) : firstOf(progress, type)?.wall;
  return ms === undefined || Number.isNaN(ms) ? [] : [[{}, ms / 1_000]];
}

function states(all: readonly string[], one: string): Samples {
  return all.map((verdict) => [{ verdict }, Number(verdict === one)]);
}
