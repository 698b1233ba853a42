import { selectorText } from '../label-selector.ts';
import { mainContainers } from '../pod.ts';
import type { KubeObject } from '../store.ts';

interface Column {
  name: string;
  type?: string;
  /** 1: only with `-o wide`. */
  priority?: number;
  cell(object: KubeObject, now: number): string | number;
}

const name: Column = { name: 'Name', cell: ({ metadata }) => metadata.name };
const age: Column = {
  name: 'Age',
  cell: ({ metadata }, now) => duration(now - Date.parse(metadata.creationTimestamp)),
};

const templateColumns: Column[] = [
  {
    name: 'Containers',
    priority: 1,
    cell: ({ spec }) =>
      mainContainers(spec.template)
        .map((container) => container.name)
        .join(','),
  },
  {
    name: 'Images',
    priority: 1,
    cell: ({ spec }) =>
      mainContainers(spec.template)
        .map(({ image }) => image)
        .join(','),
  },
  { name: 'Selector', priority: 1, cell: ({ spec }) => selectorText(spec.selector) },
];

const COLUMNS: Record<string, Column[]> = {
  pods: [
    name,
    { name: 'Ready', cell: ready },
    { name: 'Status', cell: podStatus },
    {
      name: 'Restarts',
      type: 'integer',
      cell: ({ status }) => sum(status?.containerStatuses, ({ restartCount }) => restartCount),
    },
    age,
    { name: 'IP', priority: 1, cell: ({ status }) => status?.podIP ?? '<none>' },
    { name: 'Node', priority: 1, cell: ({ spec }) => spec?.nodeName ?? '<none>' },
  ],
  nodes: [
    name,
    {
      name: 'Status',
      cell: ({ status }) =>
        status?.conditions?.some(
          (c: { type: string; status: string }) => c.type === 'Ready' && c.status === 'True',
        )
          ? 'Ready'
          : 'NotReady',
    },
    {
      name: 'Roles',
      cell: ({ metadata }) =>
        Object.keys(metadata.labels ?? {})
          .flatMap((label) => /^node-role\.kubernetes\.io\/(.+)/.exec(label)?.[1] ?? [])
          .join(',') || '<none>',
    },
    age,
    { name: 'Version', cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
  ],
  jobs: [
    name,
    { name: 'Status', cell: jobStatus },
    {
      name: 'Completions',
      cell: ({ spec, status }) => `${status?.succeeded ?? 0}/${spec?.completions ?? spec?.parallelism ?? 1}`,
    },
    {
      name: 'Duration',
      cell: ({ status }, now) =>
        status?.startTime
          ? duration(
              (status.completionTime ? Date.parse(status.completionTime) : now) -
                Date.parse(status.startTime),
            )
          : '',
    },
    age,
  ],
  deployments: [
    name,
    { name: 'Ready', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}` },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status?.availableReplicas ?? 0 },
    age,
    ...templateColumns,
  ],
  replicasets: [
    name,
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    age,
    ...templateColumns,
  ],
  namespaces: [name, { name: 'Status', cell: ({ status }) => status?.phase ?? '' }, age],
  configmaps: [
    name,
    { name: 'Data', type: 'integer', cell: ({ data }) => Object.keys(data ?? {}).length },
    age,
  ],
  secrets: [
    name,
    { name: 'Type', cell: ({ type }) => type ?? 'Opaque' },
    { name: 'Data', type: 'integer', cell: ({ data }) => Object.keys(data ?? {}).length },
    age,
  ],
  resourcequotas: [
    name,
    {
      name: 'Request',
      cell: ({ status }) =>
        Object.entries(status?.hard ?? {})
          .map(([resource, hard]) => `${resource}: ${status?.used?.[resource] ?? 0}/${hard}`)
          .join(', '),
    },
    age,
  ],
  events: [
    { name: 'Last Seen', cell: ({ lastTimestamp }, now) => duration(now - Date.parse(lastTimestamp)) },
    { name: 'Type', cell: ({ type }) => type ?? '' },
    { name: 'Reason', cell: ({ reason }) => reason ?? '' },
    {
      name: 'Object',
      cell: ({ involvedObject }) => `${String(involvedObject?.kind).toLowerCase()}/${involvedObject?.name}`,
    },
    { name: 'Message', cell: ({ message }) => message ?? '' },
  ],
};

/** What `kubectl get` prints, as the API server lays it out. `columns: false` for the later events of a watch. */
export function tableOf(
  plural: string,
  objects: readonly KubeObject[],
  now: number,
  resourceVersion: string,
  columns = true,
) {
  const layout = COLUMNS[plural] ?? [name, age];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: columns
      ? layout.map(({ name: title, type, priority }) => ({
          name: title,
          type: type ?? 'string',
          format: title === 'Name' ? 'name' : '',
          description: title,
          priority: priority ?? 0,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: layout.map(({ cell }) => cell(object, now)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

interface ContainerState {
  ready?: boolean;
  restartCount: number;
  state?: {
    waiting?: { reason?: string };
    terminated?: { reason?: string; exitCode: number };
    running?: object;
  };
}

function sum(statuses: ContainerState[] | undefined, figure: (status: ContainerState) => number): number {
  return (statuses ?? []).reduce((total, status) => total + figure(status), 0);
}

function ready({ spec, status }: KubeObject): string {
  return `${sum(status?.containerStatuses, (container) => (container.ready ? 1 : 0))}/${spec?.containers?.length ?? 0}`;
}

/** The word that says most about a pod, as kubectl chooses it. */
function podStatus({ metadata, spec, status }: KubeObject): string {
  if (metadata.deletionTimestamp) return 'Terminating';
  const init: ContainerState[] = status?.initContainerStatuses ?? [];
  const done = init.filter(({ state }) => state?.terminated?.exitCode === 0).length;
  if (status?.phase === 'Pending' && init.length > 0 && done < init.length)
    return `Init:${done}/${spec?.initContainers?.length}`;
  const states: ContainerState[] = status?.containerStatuses ?? [];
  const reason = states
    .map(({ state }) => state?.waiting?.reason ?? (state?.running ? undefined : state?.terminated?.reason))
    .findLast((found) => found);
  return status?.reason ?? reason ?? status?.phase ?? 'Unknown';
}

function jobStatus({ status }: KubeObject): string {
  const conditions: { type: string; status: string }[] = status?.conditions ?? [];
  const holds = (type: string) =>
    conditions.some((condition) => condition.type === type && condition.status === 'True');
  return holds('Complete') ? 'Complete' : holds('Failed') ? 'Failed' : 'Running';
}

/** `42s`, `3m`, `5h`, `2d`: one unit is enough for a column. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (!Number.isFinite(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
