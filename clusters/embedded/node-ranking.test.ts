import { expect } from 'chai';
import fc from 'fast-check';
import { type Demand, misfits, type NodeView, score } from './node-fit.ts';
import { NodeRanking } from './node-ranking.ts';

const DEMAND: Demand = {
  requests: new Map([
    ['cpu', 2],
    ['pods', 1],
  ]),
  nodeSelector: {},
  nodeTerms: undefined,
  tolerations: [],
  neighbour: { namespace: 'n', labels: {}, repels: [] },
  weight: { cpu: 2, memory: 1 },
  signature: '',
};

describe('the ranking of nodes', () => {
  it('says after any changes what a look at every node says', () => {
    const node = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      there: fc.boolean(),
      ready: fc.boolean(),
      cpu: fc.integer({ min: 1, max: 6 }),
      used: fc.integer({ min: 0, max: 4 }),
      pods: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(node, { maxLength: 30 }), (changes) => {
        const ranking = new NodeRanking(DEMAND);
        const nodes = new Map<string, NodeView>();
        for (const { cpu, name, pods, ready, there, used } of changes) {
          if (there) {
            const view: NodeView = {
              ...{ name, labels: {}, taints: [], ready, unschedulable: false },
              allocatable: new Map([...Object.entries({ cpu, memory: 8, pods })]),
              used: new Map(Object.entries({ cpu: used, 'weight/cpu': used })),
            };
            nodes.set(name, view);
            ranking.look(view);
          } else {
            nodes.delete(name);
            ranking.forget(name);
          }
          const fitting = [...nodes.values()].filter((view) => misfits(DEMAND, view, []).length === 0);
          const scores = fitting.map((view) => score(DEMAND, view));
          const best = fitting.filter((_, at) => scores[at] === Math.max(...scores));
          let equals = 0;
          ranking.best((count) => {
            equals = count;
            return 0;
          });
          const drawn = Array.from({ length: equals }, (_, at) => ranking.best(() => at));
          expect(drawn.sort()).to.deep.equal(best.map((view) => view.name).sort());
          const count = (reason: string) =>
            [...nodes.values()].filter((view) => misfits(DEMAND, view, []).includes(reason)).length;
          const reasons = ['node(s) were not ready', 'Insufficient cpu', 'Too many pods'];
          const words = reasons.flatMap((reason) =>
            count(reason) > 0 ? [`${count(reason)} ${reason}`] : [],
          );
          expect(ranking.message()).to.equal(
            nodes.size === 0
              ? 'no nodes available to schedule pods'
              : `0/${nodes.size} nodes are available: ${words.sort().join(', ')}.`,
          );
        }
      }),
    );
  });
});
