import { AuthorizationV1Api, type V1PolicyRule } from '@kubernetes/client-node';
import pLimit from 'p-limit';
import { stringify } from 'yaml';
import type { Kube } from '../../harness/kube/client.ts';

/** One thing that a run asks of the API server, cluster-wide: its namespaces are made by it, and nobody can grant in them before. */
export interface Permission {
  /** `''` for the core. */
  group: string;
  /** With its subresource: `pods/log`. */
  resource: string;
  verbs: readonly string[];
  /** What it is for, as the reader of a denial wants it. */
  why: string;
}

export interface Need {
  /** The fake GPU nodes are started, and told what to do wrong. */
  fakeGpuNodes: boolean;
  /** What their exporters say is asked for. */
  exporter: boolean;
  /** Job slots are advertised on the nodes' status. */
  jobSlots: boolean;
  /** Proxies are put in front of the plugins that the nodes have. */
  proxies: boolean;
  /** Training with checkpoints is asked for. */
  checkpoints: boolean;
  /** Edge nodes are held against a cloud of the run's own. */
  edge: boolean;
}

/** What a run asks for. Pure. */
export function permissionsFor(need: Need): Permission[] {
  const { checkpoints, edge, exporter, fakeGpuNodes, jobSlots, proxies } = need;
  return [
    {
      group: '',
      resource: 'namespaces',
      verbs: ['create', 'delete', 'get', 'list'],
      why: 'namespaces of the run’s own',
    },
    { group: '', resource: 'nodes', verbs: ['get', 'list'], why: 'what is allocatable, before and after' },
    { group: '', resource: 'serviceaccounts', verbs: ['list'], why: 'a namespace that pods can be made in' },
    { group: '', resource: 'pods', verbs: ['create', 'delete', 'get', 'list', 'watch'], why: 'the workload' },
    { group: '', resource: 'pods/log', verbs: ['get'], why: 'what containers saw of their GPUs' },
    {
      group: '',
      resource: 'resourcequotas',
      verbs: ['create', 'get'],
      why: 'the quota of the workload’s namespace',
    },
    {
      group: 'coordination.k8s.io',
      resource: 'leases',
      verbs: ['create', 'delete', 'get', 'update'],
      why: 'one run at a time on the cluster',
    },
    {
      group: 'batch',
      resource: 'jobs',
      verbs: ['create', 'delete', 'get', 'list'],
      why: 'the training Jobs',
    },
    ...(fakeGpuNodes || edge || proxies
      ? [{ group: '', resource: 'pods/exec', verbs: ['create', 'get'], why: 'orders for the pods on nodes' }]
      : []),
    ...(exporter
      ? [{ group: '', resource: 'pods/proxy', verbs: ['get'], why: 'what exporters say of the GPUs' }]
      : []),
    ...(edge
      ? [{ group: 'apps', resource: 'deployments', verbs: ['create'], why: 'the collectors of edge nodes' }]
      : []),
    ...(checkpoints
      ? [{ group: '', resource: 'secrets', verbs: ['create'], why: 'the keys of the store of checkpoints' }]
      : []),
    ...(jobSlots
      ? [{ group: '', resource: 'nodes/status', verbs: ['patch'], why: 'the job slots that nodes advertise' }]
      : []),
  ];
}

/** What it takes besides to have the harness run in the cluster; by Kubernetes’ own rule nobody grants it more than he has. */
export const IN_CLUSTER_PERMISSIONS: readonly Permission[] = [
  { group: '', resource: 'serviceaccounts', verbs: ['create'], why: 'the harness’s own account' },
  { group: '', resource: 'configmaps', verbs: ['create'], why: 'the plan and the harness' },
  { group: '', resource: 'pods/exec', verbs: ['create', 'get'], why: 'telling the harness to end' },
  ...['clusterroles', 'clusterrolebindings'].map((resource) => ({
    group: 'rbac.authorization.k8s.io',
    resource,
    verbs: ['create', 'delete'],
    why: 'what the harness’s account may do',
  })),
];

/** A verb that is not granted. */
export interface Denial {
  permission: Permission;
  verb: string;
}

/** Asks the API server, by a SelfSubjectAccessReview a verb, which of these the kubeconfig's user may not do. */
export async function denialsOf(kube: Kube, permissions: readonly Permission[]): Promise<Denial[]> {
  const api = kube.config.makeApiClient(AuthorizationV1Api);
  const atOnce = pLimit(8);
  const asked = permissions.flatMap((permission) => permission.verbs.map((verb) => ({ permission, verb })));
  const answers = await Promise.all(
    asked.map((denial) =>
      atOnce(async () => {
        const { group, resource } = denial.permission;
        const [name, subresource] = resource.split('/');
        const { status } = await api.createSelfSubjectAccessReview({
          body: {
            spec: {
              resourceAttributes: {
                group,
                resource: name ?? '',
                verb: denial.verb,
                ...(subresource && { subresource }),
              },
            },
          },
        });
        return status?.allowed === true ? [] : [denial];
      }),
    ),
  );
  return answers.flat();
}

/** `create, delete of batch/jobs (the training Jobs)`, a line a resource. */
export function denialLines(denials: readonly Denial[]): string[] {
  return grouped(denials).map(
    ({ group, resource, verbs, why }) =>
      `${verbs.join(', ')} of ${group === '' ? '' : `${group}/`}${resource} (${why})`,
  );
}

/** The ClusterRole that grants what is denied, as YAML. A Role cannot: the namespaces are not there yet. */
export function roleFor(denials: readonly Denial[]): string {
  return stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'ordeal' },
    rules: rulesOf(grouped(denials)),
  });
}

/** As a ClusterRole has them. */
export function rulesOf(permissions: readonly Permission[]): V1PolicyRule[] {
  return permissions.map(({ group, resource, verbs }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [...verbs],
  }));
}

function grouped(denials: readonly Denial[]): Permission[] {
  const permissions = [...new Set(denials.map(({ permission }) => permission))];
  return permissions.map((permission) => ({
    ...permission,
    verbs: denials.filter((denial) => denial.permission === permission).map(({ verb }) => verb),
  }));
}
