import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Kube } from '../../harness/kube/client.ts';
import { surveyNodes } from './survey.ts';

const SEEN = JSON.stringify({ kernel: '6.1', sockets: ['containerd'], modules: ['nf_tables'] });

/** An API server whose nodes run each pod in two looks; of nodes `broken` no pod ends, and none is taken for `refused`. */
class Nodes {
  readonly #looks = new Map<string, number>();
  readonly #nodes = new Map<string, string>();
  mostAtOnce = 0;
  requests = 0;
  now = 0;

  readonly clock = {
    wall: () => this.now,
    mono: () => this.now,
    sleep: async (ms: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      this.now += ms / 16;
    },
  };

  kube(): Kube {
    const core = {
      createNamespace: async () => ({}),
      listNamespacedServiceAccount: async () => ({ items: [{}] }),
      listNamespace: async () => ({ items: [] }),
      createNamespacedPod: async ({ body }: { body: V1Pod }) => {
        if (body.spec?.nodeName === 'refused') throw new Error('not on this node');
        this.#looks.set(body.metadata?.name ?? '', 0);
        this.#nodes.set(body.metadata?.name ?? '', body.spec?.nodeName ?? '');
        this.mostAtOnce = Math.max(this.mostAtOnce, this.#looks.size);
        return body;
      },
      listNamespacedPod: async () => {
        for (const [name, looks] of this.#looks) {
          if (looks === 1 && !this.#nodes.get(name)?.startsWith('broken')) this.#looks.delete(name);
          else this.#looks.set(name, looks + 1);
        }
        return { items: [...this.#looks.keys()].map((name) => ({ metadata: { name }, status })) };
      },
      readNamespacedPod: async ({ name }: { name: string }) => {
        if (!this.#nodes.has(name)) throw new Error('no such pod');
        return { status };
      },
      readNamespacedPodLog: async () => SEEN,
    };
    const status = { phase: 'Pending' };
    const counted = Object.entries(core).map(([name, call]) => [
      name,
      async (...args: never[]) => {
        this.requests += 1;
        return await (call as (...args: never[]) => Promise<unknown>)(...args);
      },
    ]);
    return { core: Object.fromEntries(counted) } as unknown as Kube;
  }
}

describe('the survey of nodes', () => {
  let state: string;
  const before = process.env.XDG_STATE_HOME;

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'survey-'));
    process.env.XDG_STATE_HOME = state;
  });

  afterEach(() => {
    rmSync(state, { recursive: true, force: true });
    if (before === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = before;
  });

  const survey = async (nodes: Nodes, names: readonly string[]) =>
    await surveyNodes(
      nodes.kube(),
      { context: 'c', kubeconfig: 'k', uid: 'u', nodes: names, image: 'workload' },
      nodes.clock,
    );
  const named = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

  it('sees a thousand nodes with at most sixteen pods at once, and few requests besides a pod and its log a node', async () => {
    const nodes = new Nodes();
    const found = await survey(nodes, named('node', 1_000));
    expect(found.filter(({ ok }) => ok)).to.have.length(1_000);
    expect(found[999]?.name).to.equal('node node-999');
    expect(nodes.mostAtOnce).to.equal(16);
    expect(nodes.requests).to.be.below(2_300);
  });

  it('tells of a node that takes no pod, and sees the others', async () => {
    const found = await survey(new Nodes(), ['a', 'refused', 'b']);
    expect(found.map(({ ok }) => ok)).to.deep.equal([true, false, true]);
    expect(found[1]?.detail).to.equal('nothing seen: not on this node');
  });

  it('begins with no further node once ten minutes have gone on those that show nothing', async () => {
    const nodes = new Nodes();
    const found = await survey(nodes, [...named('broken', 1_000)]);
    expect(found).to.have.length(1_000);
    expect(found[0]?.detail).to.equal('nothing seen: Pending');
    expect(found[999]?.detail).to.equal('nothing seen: the nodes before it took 10 minutes');
    expect(nodes.now).to.be.below(700_000);
  });
});
