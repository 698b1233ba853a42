import { type Draw, oddNames } from './draw.ts';
import type { GpuShape } from './gpu-run.ts';

/** As most are: two nodes of four GPUs, and nothing hurries or tarries. */
export function plainRun(draw: Draw): GpuShape {
  return {
    ...{ nodes: ['w1', 'w2'], namespace: 'n', resource: 'nvidia.com/gpu', devices: [4, 4] },
    ...{ cap: 4, waves: 2, gpusPerPod: 1, looks: 3, lookMs: 400, awayMs: 5_000, bystanders: 2 },
    bindMs: () => draw.between(200, 300),
    startMs: () => draw.between(100, 400),
    lateMs: () => draw.between(1, 20),
    clockMs: () => 0,
  };
}

type Kind = (draw: Draw, shape: GpuShape) => Partial<GpuShape>;

/** Ways in which a sound cluster of GPU nodes may differ. */
export const GPU_KINDS: Readonly<Record<string, Kind>> = {
  'bindings that are slow and right': (draw) => ({ bindMs: () => draw.between(380, 495) }),
  'bindings as quick as can be': (draw) => ({ bindMs: () => draw.between(0, 2) }),
  'many devices': (draw) => {
    const count = draw.int(16, 64);
    return { devices: [count, count], cap: Math.floor(0.75 * count) };
  },
  'one device on all nodes but one': (draw) => {
    const nodes = Array.from({ length: draw.int(2, 6) }, (_, index) => `node-${index}`);
    return { nodes, devices: nodes.map((_, index) => (index === 0 ? 2 : 1)), cap: 2, gpusPerPod: 1 };
  },
  'many nodes': (draw) => {
    const nodes = Array.from({ length: draw.int(20, 40) }, (_, index) => `n${index}`);
    return { nodes, devices: nodes.map(() => 4), waves: 1 };
  },
  'several devices a pod': (draw, { devices }) => {
    const gpusPerPod = Math.max(1, Math.min(draw.int(2, 4), Math.floor(Math.max(...devices) / 2)));
    return { gpusPerPod };
  },
  'odd names of nodes and the namespace': (draw, { nodes }) => ({
    nodes: oddNames(draw, nodes.length),
    namespace: oddNames(draw, 1)[0] as string,
  }),
  'another resource': (draw) => ({
    resource: draw.of(['amd.com/gpu', 'gpu.intel.com/i915', 'nvidia.com/mig-1g.5gb', 'x.y/z']),
  }),
  'a slow kubelet': (draw) => ({
    startMs: () => draw.between(5_000, 25_000),
    awayMs: draw.int(15_000, 28_000),
  }),
  'few Jobs': () => ({ waves: 1, bystanders: 0 }),
  'many Jobs': (draw) => ({ waves: draw.int(8, 20) }),
  'many looks': (draw) => ({ looks: draw.int(10, 40), lookMs: draw.int(50, 200) }),
  'nodes’ clocks that differ': (draw, { nodes }) => {
    const off = new Map(nodes.map((node) => [node, draw.between(-3_600_000, 3_600_000)]));
    return { clockMs: (node) => off.get(node) ?? 0 };
  },
  'logs that are late and complete': (draw) => ({ lateMs: () => draw.between(0, 4_000) }),
};
