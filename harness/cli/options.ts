/** What the commands that work by a plan take from their command line, and what it is to the plan. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Parts } from './parts.ts';

export interface RunOptions {
  plan?: string;
  set: string[];
  suite: string[];
  /** Rows of the failure catalogue. */
  scenario?: string[];
  profile?: string;
  level?: string;
  cluster?: string;
  context?: string;
  kubeconfig?: string;
  /** The harness itself runs in the cluster, which is someone’s. */
  inCluster?: boolean;
  isolation?: string;
  kubernetes?: string;
  workers?: string;
  seed?: string;
  deadline?: string;
  out?: string;
  quiet: boolean;
  dryRun?: boolean;
  metrics?: string[];
}

/** What runs where neither a plan nor the command line names a suite. */
export function suiteNames({ scenarios, suites }: Pick<Parts, 'scenarios' | 'suites'>): string[] {
  return Object.keys(suites).filter((name) => name !== scenarios.suite);
}

/** Rows of the catalogue as what they are to a plan: one suite more, whose settings name them. */
export function withScenarios(parts: Pick<Parts, 'scenarios'>, options: RunOptions): RunOptions {
  const { scenario = [], set, suite } = options;
  if (scenario.length === 0) return options;
  const rows = `suites.${suite.length}.settings.scenarios=${JSON.stringify(scenario)}`;
  return { ...options, suite: [...suite, parts.scenarios.suite], set: [rows, ...set] };
}

/** Suites as overrides of a plan. */
function suiteOverrides(names: readonly string[]): string[] {
  return names.map((name, index) => `suites.${index}.name=${name}`);
}

const IN_CLUSTER: [string, string][] = [
  ['cluster.inCluster', 'true'],
  ['cluster.provider', 'existing'],
];

/** The options as overrides of the plan; `--set` comes last and wins. */
export function overridesOf(options: RunOptions): string[] {
  const named: [string, string | undefined][] = [
    ['profile', options.profile],
    ['level', options.level],
    // Before what is named outright, which may be wrong with it and has to be told so.
    ...(options.inCluster ? IN_CLUSTER : []),
    ['cluster.provider', options.cluster],
    ['cluster.context', options.context && JSON.stringify(options.context)],
    ['cluster.kubeconfig', options.kubeconfig && JSON.stringify(resolve(options.kubeconfig))],
    ['cluster.isolation', options.isolation],
    ['cluster.kubernetes', options.kubernetes && JSON.stringify(options.kubernetes)],
    ['cluster.workers', options.workers],
    ['seed', options.seed],
    ['deadline', options.deadline],
  ];
  return [
    ...named.flatMap(([path, value]) => (value === undefined ? [] : [`${path}=${value}`])),
    ...suiteOverrides(options.suite),
    ...options.set,
  ];
}

/** Where a command's files go, made. */
export function outFolder({ out }: RunOptions): string {
  const named = out ?? join('ordeal-out', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
  const folder = resolve(named);
  mkdirSync(folder, { recursive: true });
  return folder;
}
