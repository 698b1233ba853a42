import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { haveGpuNodes } from './have-gpu-nodes.ts';

describe('a cluster’s fake GPU nodes, for a fault by hand', () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'have-test-'));
  });
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

  /** @returns how often they were started */
  const startsWhere = async (daemonSet: 'none' | 'running' | 'ending', listed: number) => {
    let starts = 0;
    let allocatable = listed;
    const node = { name: 'worker-1', stateDir } as ClusterNode;
    const cluster = {
      nodes: [node],
      kube: {
        core: {
          readNode: async () => ({ status: { allocatable: { 'nvidia.com/gpu': String(allocatable) } } }),
        },
      },
      ...(daemonSet !== 'none' && { gpuNodesEnd: async () => daemonSet === 'ending' }),
      startGpuNodes: async () => {
        starts += 1;
        allocatable = 8;
      },
    } as unknown as Cluster;
    const { signal } = new AbortController();
    await haveGpuNodes(cluster, [node], 'nvidia.com/gpu', {
      ...{ clock: systemClock, progress: () => undefined, signal, undo: new UndoStack() },
    });
    return starts;
  };

  it('are started where none is listed, and not where they run, whoever started them', async () => {
    expect(await startsWhere('none', 0)).to.equal(1);
    expect(await startsWhere('none', 8)).to.equal(0);
    expect(await startsWhere('running', 8)).to.equal(0);
  });

  it('are started where those that are listed end', async () => {
    expect(await startsWhere('ending', 8)).to.equal(1);
  });
});
