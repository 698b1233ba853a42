import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import type { Plan } from '../../../harness/plan/schema.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import type { Quantiles } from '../../simulation/draw.ts';
import { falseAllocations } from '../checkers/false-allocation.ts';
import type { SuiteEvents } from '../events.ts';
import { startLatencies } from '../latencies.ts';
import { joinLedgers } from '../ledgers.ts';
import { type GpuSettings, type Remedies, settingsOf } from '../settings.ts';

type Ledger<Type extends LedgerLine['type']> = Extract<LedgerLine, { type: Type }>;

/** Jobs created at once, and what was added to each association meanwhile. */
interface Wave {
  pods: number;
  extraMs: number;
}

/** What a run of the suite had to bear, and what was seen, up to the end of its bursts. Times are its own clocks', late timers and all. */
export interface Observation {
  remedies: Remedies;
  settings: GpuSettings;
  /** That one wave comes to. */
  nodes: number;
  waves: Wave[];
  starts: number;
  falseStarts: number;
  /** From each Allocate to its association, less what a fault put into that association itself. */
  bindMs: number[];
  /** By how much each association took longer than the driver meant it to. */
  lateMs: number[];
  /** From Allocate's answer for one pod to Allocate for the next one of the node. */
  admissionMs: number[];
  /** From Allocate's answer to the container's first look. */
  startMs: number[];
}

/** undefined for a run in which no pod was bound. */
export function observe(plan: Plan, whole: History): Observation | undefined {
  const { remedies, settings } = settingsOf(plan);
  const created = (history: History) => eventsOf<SuiteEvents['job.created']>(history, 'job.created');
  const after = created(whole).find(({ body }) => body.phase !== 'steady' && body.phase !== 'burst');
  const history = after ? whole.filter(({ seq }) => seq < after.seq) : whole;
  const associated = eventsOf<Ledger<'driver.associated'>>(history, 'ledger.driver.associated').map(
    ({ body }) => body,
  );
  const asked = eventsOf<Ledger<'plugin.allocate'>>(history, 'ledger.plugin.allocate');
  if (associated.length === 0) return undefined;
  const jobs = created(history).filter(({ body }) => !body.job.startsWith('bystanders'));
  const starts = joinLedgers(history);
  return {
    remedies,
    settings,
    nodes: Math.floor(
      new Set(eventsOf(history, 'ledger.plugin.registered').map(({ source }) => source)).size /
        settings.groups,
    ),
    waves: wavesOf(
      jobs.map(({ body }) => body),
      settings,
      Math.max(...associated.map((line) => line.injectedMs)),
    ),
    starts: starts.length,
    falseStarts: falseAllocations(starts).length,
    bindMs: asked.flatMap(({ body: { allocation, mono } }) => {
      const lines = associated.filter((line) => line.allocation === allocation);
      return lines.length === 0 ? [] : [Math.max(...lines.map((line) => line.mono - mono - line.injectedMs))];
    }),
    lateMs: associated.map((line) => line.lateMs),
    admissionMs: admissions(history),
    startMs: startLatencies(history),
  };
}

/** One Job alone, then bursts: the first with the plugin's own latencies, the others with what was injected. */
function wavesOf(
  jobs: readonly SuiteEvents['job.created'][],
  { jobsAtOnce }: GpuSettings,
  extraMs: number,
): Wave[] {
  const steady = jobs.filter(({ phase }) => phase === 'steady');
  const burst = jobs.filter(({ phase }) => phase === 'burst');
  return [
    ...steady.map(({ replicas }) => ({ pods: replicas, extraMs: 0 })),
    ...Array.from({ length: Math.ceil(burst.length / jobsAtOnce) }, (_, wave) => ({
      pods: burst
        .slice(wave * jobsAtOnce, (wave + 1) * jobsAtOnce)
        .reduce((sum, { replicas }) => sum + replicas, 0),
      extraMs: wave === 0 ? 0 : extraMs,
    })),
  ];
}

/** A pause that no queue of pods explains: another wave. */
const IDLE_MS = 1_000;

function admissions(history: History): number[] {
  const answers = new Map(
    eventsOf<Ledger<'plugin.allocated'>>(history, 'ledger.plugin.allocated').map(({ body }) => [
      body.allocation,
      body.mono,
    ]),
  );
  const asks = grouped(
    eventsOf<Ledger<'plugin.allocate'>>(history, 'ledger.plugin.allocate'),
    ({ source }) => source,
  );
  return [...asks.values()]
    .flatMap((onNode) =>
      onNode.slice(1).map(({ body }, index) => {
        const before = answers.get(onNode[index]?.body.allocation ?? '');
        return before === undefined ? Number.POSITIVE_INFINITY : body.mono - before;
      }),
    )
    .filter((ms) => ms < IDLE_MS);
}

/** What of the model's parameters one run tells. */
export interface Fit {
  late: Quantiles;
  admission: Quantiles;
  start: Quantiles;
}

/** undefined for a run whose starts waited for more than themselves: a gate, or the plugin. */
export function fitOf({ admissionMs, lateMs, remedies, startMs }: Observation): Fit | undefined {
  if (remedies.wait !== 'none' || remedies.initGate || startMs.length === 0 || admissionMs.length === 0)
    return undefined;
  const at = (values: readonly number[], p: number) => Math.max(1, quantile(values, p) ?? 1);
  const quantiles = (values: readonly number[]) => ({ p50: at(values, 0.5), p95: at(values, 0.95) });
  return {
    late: quantiles(lateMs),
    admission: quantiles(admissionMs),
    start: quantiles(startMs),
  };
}
