import { expect } from 'chai';
import { parse } from 'yaml';
import { permissionsFor } from '../access.ts';
import { innerKubeconfig } from './kubeconfig.ts';
import { CA, TOKEN } from './layout.ts';
import { harnessObjects } from './manifests.ts';

const permissions = permissionsFor({
  ...{ checkpoints: false, edge: false, exporter: false, proxies: false },
  ...{ fakeGpuNodes: true, jobSlots: true },
});
const objects = harnessObjects({
  ...{ name: 'ordeal-r-harness', runId: 'r', innerRunId: 'r-in', image: 'i', nodes: ['a', 'b'], permissions },
  ...{ plan: 'level: smoke\n', allowed: '{}', program: Buffer.from('program'), replay: 'ordeal run "$(id)"' },
  deadlineSeconds: 60,
});

describe('the harness in someone’s cluster', () => {
  it('may do what a run’s preflight asks for, and not one verb more', () => {
    const granted = (objects.role.rules ?? []).flatMap(({ apiGroups = [], resources = [], verbs }) =>
      verbs.map((verb) => `${apiGroups.join()}|${resources.join()}|${verb}`),
    );
    const asked = permissions.flatMap(({ group, resource, verbs }) =>
      verbs.map((verb) => `${group}|${resource}|${verb}`),
    );
    expect(granted).to.have.members(asked);
    expect(JSON.stringify(objects.role)).to.not.contain('*');
    expect(objects.binding.subjects).to.deep.equal([
      { kind: 'ServiceAccount', name: 'ordeal-r-harness', namespace: 'ordeal-r-harness' },
    ]);
  });

  it('is marked as the run’s, all of it that is no part of its namespace', () => {
    for (const { metadata } of [objects.namespace, objects.role, objects.binding])
      expect(metadata?.labels).to.include({ 'ordeal.dev/run': 'r' });
  });

  it('is a pod of no privilege on a node that has the image, ended by its kubelet at the latest', () => {
    const spec = objects.job.spec;
    const pod = spec?.template.spec;
    expect(spec).to.include({ backoffLimit: 0, activeDeadlineSeconds: 60 });
    expect(pod).to.include({ restartPolicy: 'Never', serviceAccountName: 'ordeal-r-harness' });
    expect(pod?.securityContext).to.include({ runAsNonRoot: true });
    const terms =
      pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    expect(terms?.map(({ matchFields }) => matchFields?.[0]?.values)).to.deep.equal([['a'], ['b']]);
    const volumes = pod?.volumes ?? [];
    expect(volumes.filter(({ hostPath, secret }) => hostPath ?? secret)).to.deep.equal([]);
  });

  it('gets a command of this machine as an argument, which no shell reads', () => {
    const command = objects.job.spec?.template.spec?.containers[0]?.command ?? [];
    expect(command).to.include('ordeal run "$(id)"');
    expect(command[2]).to.equal('node -e "$0" && exec node "$@" 2>&1');
  });

  it('reaches its API server by files that kubelets keep fresh, over IPv6 too', () => {
    const of = (host: string) =>
      parse(innerKubeconfig('mine', { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '6443' }));
    const { clusters, contexts, users } = of('10.96.0.1');
    expect(clusters[0].cluster).to.deep.equal({
      server: 'https://10.96.0.1:6443',
      'certificate-authority': CA,
    });
    expect(users[0].user).to.deep.equal({
      'auth-provider': { name: 'tokenFile', config: { tokenFile: TOKEN } },
    });
    expect(contexts[0]).to.deep.equal({ name: 'mine', context: { cluster: 'mine', user: 'mine' } });
    expect(of('fd00::1').clusters[0].cluster.server).to.equal('https://[fd00::1]:6443');
  });
});
