import { stringify } from 'yaml';
import type { Plan } from '../plan/schema.ts';
import type { Forecast, PlannedFault } from '../radius/forecast.ts';
import type { Reach } from '../radius/reach.ts';
import type { ClusterHandle, Suite } from '../run/ports.ts';

/** A resolved plan as it would run, told in comments over the plan itself: what is printed is a plan. */
export function explained(plan: Plan, suites: readonly Suite<ClusterHandle>[]): string {
  const { cluster, deadline, level, profile, seed } = plan;
  const faults = suites.map((suite) => ({ suite: suite.name, of: suite.forecast(plan) }));
  const told = [
    `cluster: ${clusterLine(cluster)}`,
    `run: profile ${profile}, level ${level}, seed ${seed}, at most ${seconds(deadline)}`,
    ...faults.flatMap(({ of, suite }) => faultLines(suite, of)),
    'blast radius, checked again of each fault before it is injected:',
    ...radiusLines(plan).map((line) => `  ${line}`),
  ];
  return `${told.map((line) => `# ${line}\n`).join('')}${stringify(plan)}`;
}

function clusterLine(cluster: Plan['cluster']): string {
  const { isolation, kubernetes, name, provider, workers } = cluster;
  if (provider === 'existing') {
    const which = cluster.nodes ? counted(cluster.nodes.length, 'node') : 'every node that it can work on';
    return [provider, `context ${cluster.context ?? 'still to be named'}`, which].join(', ');
  }
  return [
    provider,
    ...(name ? [`named ${name}`] : []),
    ...(kubernetes ? [`Kubernetes ${kubernetes}`] : []),
    counted(workers ?? 1, 'worker'),
    ...(provider === 'embedded' ? [`isolation ${isolation}`] : []),
  ].join(', ');
}

function faultLines(suite: string, { faults }: Forecast): string[] {
  if (faults.length === 0) return [`suite ${suite}: no fault, and so nothing that it could certify`];
  return [`suite ${suite}:`, ...faults.flatMap((fault) => faultLine(fault).map((line) => `  ${line}`))];
}

function faultLine({ holdMs, id, kind, mechanisms, reach, target }: PlannedFault): string[] {
  const held = holdMs === undefined ? '' : `, held for ${seconds(holdMs)}`;
  return [
    `${id} (${kind}) on ${target}${held}`,
    `  by ${mechanisms.join(', else ')}`,
    `  reaches ${reachWords(reach)}`,
  ];
}

function reachWords({ hostTraffic, interfaces, namespaces, nodes, resources }: Reach): string {
  const group = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what} ${names.join(', ')}`];
  return [
    ...group('nodes', nodes),
    ...group(
      'interfaces',
      interfaces.map(({ device, node }) => `${device} of ${node}`),
    ),
    ...group('namespaces', namespaces),
    ...group('resources', resources),
    ...group('the host’s own traffic of', hostTraffic),
  ].join('; ');
}

function radiusLines({ cluster, radius }: Plan): string[] {
  const { hostNetwork, interfaces, namespaces, nodes, resources } = radius;
  // Of a cluster that is someone's a worker is the cloud.
  const cloud = cluster.provider === 'existing' ? 'the node that is taken' : 'the control plane’s node';
  const list = (parts: readonly (string | false | undefined)[]) => parts.filter(Boolean).join(', ') || 'none';
  return [
    `nodes: ${list([nodes.workers && 'the workers', nodes.cloud && `${cloud} as the cloud`, ...(nodes.names ?? [])])}; at most ${nodes.most} at once, and ${nodes.share} % of the cluster’s`,
    `interfaces: ${list([interfaces.links && 'those of the run’s links', ...(interfaces.names ?? [])])}`,
    `namespaces: ${list([namespaces.own && 'the run’s own', ...(namespaces.names ?? [])])}`,
    `resources: ${list(resources ?? [])}`,
    `traffic of pods with hostNetwork: ${hostNetwork ? 'may be touched' : 'may not be touched'}`,
  ];
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
