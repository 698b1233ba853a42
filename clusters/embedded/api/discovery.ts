import { apiVersionOf, KINDS, type KindInfo } from '../kinds.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const GROUPS = [...new Set(KINDS.map(({ group }) => group))].filter((group) => group !== '');

/** Answers of the discovery and OpenAPI endpoints; undefined for any other path. */
export function discover(path: string, version: string): unknown {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  switch (path) {
    case '/version':
      return { major, minor, gitVersion: `v${version}`, platform: `${process.platform}/${process.arch}` };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return {
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: [...GROUPS, 'authorization.k8s.io'].map(groupOf),
      };
    case '/openapi/v3':
      return {
        paths: Object.fromEntries(
          ['', ...GROUPS].map((group) => [
            rootOf(group),
            { serverRelativeURL: `/openapi/v3/${rootOf(group)}` },
          ]),
        ),
      };
  }
  const group = ['', ...GROUPS].find((name) => path === `/${rootOf(name)}`);
  if (group !== undefined) return resourcesOf(group);
  if (path === '/apis/authorization.k8s.io/v1') {
    const review = {
      name: 'selfsubjectaccessreviews',
      singularName: '',
      namespaced: false,
      kind: 'SelfSubjectAccessReview',
      verbs: ['create'],
    };
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'authorization.k8s.io/v1',
      resources: [review],
    };
  }
  const specified = ['', ...GROUPS].find((name) => path === `/openapi/v3/${rootOf(name)}`);
  return specified === undefined ? undefined : openApi(specified);
}

function rootOf(group: string): string {
  return group ? `apis/${group}/v1` : 'api/v1';
}

function groupOf(name: string) {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function resourcesOf(group: string) {
  const resources = KINDS.filter((info) => info.group === group).flatMap((info) => {
    const { plural, singular, kind, namespaced, shortNames, categories } = info;
    const main = {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames && { shortNames }),
      ...(categories && { categories }),
    };
    const sub = (name: string, verbs: string[]) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind,
      verbs,
    });
    return [
      main,
      ...(info.status ? [sub('status', ['get', 'patch', 'update'])] : []),
      ...(info.scale
        ? [
            {
              ...sub('scale', ['get', 'patch', 'update']),
              kind: 'Scale',
              group: 'autoscaling',
              version: 'v1',
            },
          ]
        : []),
      ...(plural === 'pods' ? [sub('log', ['get']), sub('binding', ['create'])] : []),
    ];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group ? `${group}/v1` : 'v1', resources };
}

/** As much of OpenAPI as tells kubectl that fields are validated by the server. */
function openApi(group: string) {
  const paths = KINDS.filter((info) => info.group === group).map((info) => [
    pathOf(info),
    { patch: operation(info) },
  ]);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: Object.fromEntries(paths),
    components: { schemas: {} },
  };
}

function pathOf(info: KindInfo): string {
  return `/${rootOf(info.group)}${info.namespaced ? '/namespaces/{namespace}' : ''}/${info.plural}/{name}`;
}

function operation(info: KindInfo) {
  const { group, version, kind } = info;
  return {
    description: `patch the specified ${apiVersionOf(info)} ${kind}`,
    parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
    responses: {},
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}
