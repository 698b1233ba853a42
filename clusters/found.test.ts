import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Kube } from '../harness/kube/client.ts';
import { foundOn, nodeFound } from './found.ts';

const INFO = {
  kubeletVersion: 'v1.27.3',
  containerRuntimeVersion: 'containerd://1.7.6',
  kernelVersion: '5.15.0-84-generic',
  osImage: 'Ubuntu 22.04.3 LTS',
};

const node = (name: string, labels: Record<string, string> = {}, nodeInfo: object = INFO): V1Node =>
  ({ metadata: { name, labels }, status: { nodeInfo } }) as V1Node;
const pod = (nodeName: string, images: string[], phase = 'Running'): V1Pod => ({
  spec: { nodeName, containers: images.map((image, index) => ({ name: `c${index}`, image })) },
  status: { phase },
});

const LABELS = {
  'nvidia.com/cuda.driver.major': '535',
  'nvidia.com/cuda.driver.minor': '104',
  'nvidia.com/cuda.driver.rev': '05',
  'nvidia.com/cuda.runtime.major': '12',
  'nvidia.com/cuda.runtime.minor': '2',
  'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
  'nvidia.com/gpu.deploy.device-plugin': 'true',
  'nvidia.com/gpu-driver-upgrade-state': 'upgrade-done',
};
const PLUGIN = pod('w1', [
  'registry.example/nvidia/config-manager:v1',
  'registry.example/k8s-device-plugin:v0.14.1',
]);
const OPERATOR = pod('c', ['registry.example:5000/nvidia/gpu-operator:v23.9.0']);

describe('what a node runs', () => {
  it('is told by its status, its labels and the images of its plugin and of its operator', () => {
    expect(
      nodeFound(node('w1', LABELS), [PLUGIN, pod('w2', ['other-device-plugin:v2'])], [OPERATOR]),
    ).to.deep.equal({
      node: 'w1',
      versions: {
        kubelet: 'v1.27.3',
        containerRuntime: 'containerd://1.7.6',
        kernel: '5.15.0-84-generic',
        osImage: 'Ubuntu 22.04.3 LTS',
        plugin: 'k8s-device-plugin:v0.14.1',
        driver: '535.104.05',
        cuda: '12.2',
        gpu: 'NVIDIA-A100-SXM4-80GB',
        gpuOperator: 'gpu-operator:v23.9.0',
        driverUpgrade: 'upgrade-done',
      },
    });
  });

  it('is the label of newer versions where there is one', () => {
    const { versions } = nodeFound(
      node('w1', {
        ...LABELS,
        'nvidia.com/cuda.driver-version.full': '570.86.15',
        'nvidia.com/cuda.runtime-version.full': '12.8',
      }),
      [],
      [],
    );
    expect(versions).to.include({ driver: '570.86.15', cuda: '12.8', plugin: null, gpuOperator: null });
  });

  it('is null where nobody tells: half a version, an empty field, a plugin that does not run, another’s operator', () => {
    const bare = node(
      'w1',
      { 'nvidia.com/cuda.driver.major': '535' },
      { kubeletVersion: 'v1', kernelVersion: '' },
    );
    const { versions } = nodeFound(bare, [pod('w1', ['k8s-device-plugin:v1'], 'Pending')], [OPERATOR]);
    const { kubelet, ...others } = versions;
    expect(kubelet).to.equal('v1');
    expect(new Set(Object.values(others))).to.deep.equal(new Set([null]));
    expect(nodeFound({}, [], []).versions.kubelet).to.equal(null);
  });

  it('is asked of every node, and not told where pods may not be listed', async () => {
    const asked: string[] = [];
    const core = (refused: boolean) => ({
      listNode: async () => ({ items: [node('w1', LABELS), node('w2')] }),
      listPodForAllNamespaces: async ({ labelSelector }: { labelSelector: string }) => {
        asked.push(labelSelector);
        if (refused) throw new Error('forbidden');
        return { items: labelSelector === 'app=nvidia-device-plugin-daemonset' ? [PLUGIN] : [] };
      },
    });
    const found = await foundOn({ core: core(false) } as unknown as Kube);
    expect(found.map(({ node, versions }) => `${node} ${versions.plugin}`)).to.deep.equal([
      'w1 k8s-device-plugin:v0.14.1',
      'w2 null',
    ]);
    expect(asked).to.have.length(4);
    const [first] = await foundOn({ core: core(true) } as unknown as Kube);
    expect(first?.versions).to.include({ plugin: null, driver: '535.104.05' });
  });
});
