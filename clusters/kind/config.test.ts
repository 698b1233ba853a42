import { expect } from 'chai';
import { parse } from 'yaml';
import { workerFolders } from '../container-nodes/folders.ts';
import type { ImageSet } from '../images/images.ts';
import { kindConfig } from './config.ts';

const images = (kubernetes: string, source: ImageSet['source']): ImageSet => ({
  kubernetes,
  source,
  nodeImage: 'node:key',
  workloadImage: 'workload:key',
  workloadArchive: '/cache/images/workload-key/workload.tar',
});
const workers = [workerFolders('/run/k', 0), workerFolders('/run/k', 1)];
const patches = (config: string) =>
  (parse(config).kubeadmConfigPatches as string[]).map((patch) => parse(patch));

describe('kind configuration', () => {
  it('has one control plane and a worker with its own folders for each', () => {
    const { nodes } = parse(kindConfig({ images: images('1.34.4', 'local'), workers, cgroups: 'v2' }));
    expect(nodes.map((node: { role: string }) => node.role)).to.deep.equal([
      'control-plane',
      'worker',
      'worker',
    ]);
    expect(nodes[2].extraMounts[0]).to.deep.equal({
      hostPath: '/run/k/w1/s',
      containerPath: '/var/lib/ordeal',
    });
    expect(nodes[1].extraMounts.at(-1)).to.deep.equal({
      hostPath: '/cache/images/workload-key',
      containerPath: '/kind/images/mounted',
      readOnly: true,
    });
  });

  it('tells only a kubelet that knows the field not to fail on cgroup v1', () => {
    const kubelet = (kubernetes: string, cgroups: 'v1' | 'v2') =>
      patches(kindConfig({ images: images(kubernetes, 'local'), workers, cgroups })).find(
        ({ kind }) => kind === 'KubeletConfiguration',
      );
    expect(kubelet('1.34.4', 'v1')).to.include({ failCgroupV1: false, cgroupDriver: 'cgroupfs' });
    expect(kubelet('1.34.4', 'v2')).not.to.have.property('failCgroupV1');
    expect(kubelet('1.27.3', 'v1')).not.to.have.property('failCgroupV1');
  });

  it('names the kubeadm version that kind writes for a Kubernetes version, for a patch on another does nothing', () => {
    const versions = (kubernetes: string) =>
      patches(kindConfig({ images: images(kubernetes, 'local'), workers, cgroups: 'v1' }))
        .map(({ apiVersion }) => apiVersion)
        .filter((version) => version.startsWith('kubeadm'));
    expect(versions('1.35.4')).to.deep.equal(['kubeadm.k8s.io/v1beta3', 'kubeadm.k8s.io/v1beta3']);
    expect(versions('1.36.0')).to.deep.equal(['kubeadm.k8s.io/v1beta4', 'kubeadm.k8s.io/v1beta4']);
  });

  it('has pods watched by what etcd has, and not by a cache that goes with its API server, where one is to start anew', () => {
    const extraArgs = (kubernetes: string, upgrades: boolean) =>
      patches(kindConfig({ images: images(kubernetes, 'local'), workers, cgroups: 'v2', upgrades })).find(
        ({ kind }) => kind === 'ClusterConfiguration',
      )?.apiServer.extraArgs;
    expect(extraArgs('1.33.13', true)).to.include({ 'watch-cache-sizes': 'pods#0' });
    expect(extraArgs('1.36.0', true)).to.deep.include({ name: 'watch-cache-sizes', value: 'pods#0' });
    expect(extraArgs('1.33.13', false)).to.equal(undefined);
  });

  it('leaves a stock node image its own network, proxy and cgroup driver', () => {
    const config = kindConfig({ images: images('1.34.4', 'registry'), workers, cgroups: 'v2' });
    expect(parse(config)).not.to.have.property('networking');
    expect(patches(config)).to.deep.equal([
      {
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        kind: 'KubeletConfiguration',
        nodeStatusUpdateFrequency: '2s',
        nodeStatusReportFrequency: '5m',
      },
    ]);
  });
});
