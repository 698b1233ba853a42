import type { History } from '../../harness/history/event.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import type { Ablation } from '../../harness/run/ports.ts';
import { quantile } from '../../harness/verdict/bounds.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { falseAllocations } from './checkers/false-allocation.ts';
import { burstStarts } from './latencies.ts';
import { joinLedgers } from './ledgers.ts';
import { type Remedies, remediesOf, resolve, SUITE, settingsOf } from './settings.ts';

/** What shows a remedy's worth: the incident's own conditions, without the faults that it does not touch. */
const FAULTS = [
  { kind: 'gpu/bind-delay', with: { startLatencies: 0.3 } },
  { kind: 'load/job-burst', with: {} },
];

/** Each remedy alone, the waits with the pool that makes them quick, all together, and all but one. */
export function variantsOf(gpus: number): [name: string, remedies: Remedies][] {
  const none = remediesOf('incident', gpus);
  const all = remediesOf('hardened', gpus);
  const pool = all.workerPool;
  return [
    ['none (the incident)', none],
    [`worker pool of ${pool}`, { ...none, workerPool: pool }],
    ['timeout with retry', { ...none, timeoutRetry: true }],
    ['wait in Allocate', { ...none, wait: 'allocate' }],
    ['wait in PreStartContainer', { ...none, wait: 'prestart' }],
    ['init gate', { ...none, initGate: true }],
    [`cap of ${all.jobCap} on a node`, { ...none, jobCap: all.jobCap }],
    ['quota', { ...none, quota: 'auto' }],
    [`pool of ${pool}, wait in Allocate`, { ...none, workerPool: pool, wait: 'allocate' }],
    [`pool of ${pool}, wait in PreStartContainer`, { ...none, workerPool: pool, wait: 'prestart' }],
    [`pool of ${pool}, init gate`, { ...none, workerPool: pool, initGate: true }],
    ['all (hardened)', all],
    ['all but the worker pool', { ...all, workerPool: false }],
    ['all but timeout with retry', { ...all, timeoutRetry: false }],
    ['all but the wait', { ...all, wait: 'none' }],
    ['all but the cap', { ...all, jobCap: false }],
    ['all but the quota', { ...all, quota: false }],
  ];
}

/** Each remedy by what it changes. Only one of the waits can be had at a time. */
function switchesOf(gpus: number): Record<string, Partial<Remedies>> {
  const { jobCap, workerPool } = remediesOf('hardened', gpus);
  return {
    [`worker pool of ${workerPool}`]: { workerPool },
    'timeout with retry': { timeoutRetry: true },
    'wait in Allocate': { wait: 'allocate' },
    'wait in PreStartContainer': { wait: 'prestart' },
    'init gate': { initGate: true },
    [`cap of ${jobCap} on a node`]: { jobCap },
    quota: { quota: 'auto' },
  };
}

/** None of the remedies, each alone, every two that do not exclude each other, and the hardened profile's. */
function pairedOf(gpus: number): { remedies: string[]; changed: Remedies }[] {
  const none = remediesOf('incident', gpus);
  const switches = Object.entries(switchesOf(gpus));
  const pairs = switches.flatMap(([one, first], index) =>
    switches
      .slice(index + 1)
      .filter(([, second]) => !Object.keys(second).some((key) => key in first))
      .map(([other, second]) => ({ remedies: [one, other], changed: { ...none, ...first, ...second } })),
  );
  const all = remediesOf('hardened', gpus);
  return [
    { remedies: [], changed: none },
    ...switches.map(([name, change]) => ({ remedies: [name], changed: { ...none, ...change } })),
    ...pairs,
    {
      remedies: switches
        .filter(([, change]) =>
          Object.entries(change).every(([key, value]) => all[key as keyof Remedies] === value),
        )
        .map(([name]) => name),
      changed: all,
    },
  ];
}

/** The incident's plan with these remedies. */
function planWith(plan: Plan, remedies: Remedies): Plan {
  return resolve({
    ...plan,
    profile: 'incident',
    suites: plan.suites.map((part) =>
      part.name === SUITE ? { ...part, remedies, faults: part.faults ?? FAULTS } : part,
    ),
  });
}

function spread(values: readonly number[]): string {
  const seconds = (p: number) => ((quantile(values, p) ?? 0) / 1_000).toFixed(1);
  return values.length === 0 ? '–' : `${seconds(0.5)} / ${seconds(0.99)} s`;
}

function falseShare(history: History): string {
  const starts = joinLedgers(history);
  const wrong = falseAllocations(starts).length;
  return starts.length === 0 ? '–' : `${wrong} of ${starts.length}`;
}

function bindLatency(_history: History, { requirements }: Verdict): string {
  const measured = requirements.find(({ id }) => id === 'GPU-4')?.measured;
  return measured === null || measured === undefined ? '–' : `${Math.round(measured)} ms`;
}

export const ablation: Ablation = {
  variants(plan: Plan) {
    return variantsOf(settingsOf(plan).settings.gpusPerNode).map(([name, remedies]) => ({
      name,
      plan: planWith(plan, remedies),
    }));
  },
  columns: [
    { title: 'false allocations', cell: falseShare },
    { title: 'bind latency p99', cell: bindLatency },
    { title: 'GPU pod start p50 / p99', cell: (history) => spread(burstStarts(history).gpuMs) },
    { title: 'CPU-only pod start p50 / p99', cell: (history) => spread(burstStarts(history).cpuMs) },
  ],
  pairs: {
    variants: (plan) =>
      pairedOf(settingsOf(plan).settings.gpusPerNode).map(({ changed, remedies }) => ({
        remedies,
        plan: planWith(plan, changed),
      })),
    counted: 'false allocations',
    count(history) {
      const starts = joinLedgers(history);
      return { failures: falseAllocations(starts).length, samples: starts.length };
    },
  },
};
