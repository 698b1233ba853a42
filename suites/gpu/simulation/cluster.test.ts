import { expect } from 'chai';
import fc from 'fast-check';
import { nthStream } from '../../simulation/draw.ts';
import { type Remedies, remediesOf } from '../settings.ts';
import { Cluster, type ClusterSetup, type Order, type Watcher } from './cluster.ts';
import { Parameters } from './parameters.ts';
import { setupOf, weekOf } from './week.ts';

const incident = remediesOf('incident', 8);
const hardened = remediesOf('hardened', 8);
const few = { numRuns: 12 };
const seed = fc.integer({ min: 0, max: 0xffff_ffff });
const anyRemedies: fc.Arbitrary<Remedies> = fc.record({
  workerPool: fc.constantFrom<Remedies['jobCap']>(false, 2, 12),
  timeoutRetry: fc.boolean(),
  wait: fc.constantFrom('none', 'allocate', 'prestart'),
  initGate: fc.boolean(),
  jobCap: fc.constantFrom<Remedies['jobCap']>(false, 1, 3, 6),
  quota: fc.constantFrom<Remedies['quota']>(false, 'auto', 5),
});

/** A few hours of a small cluster that is asked for more than it has now and then. */
function small(more: object = {}): Parameters {
  const load = { offered: 0.8, lasts: { least: '20s', most: '10m' } };
  return Parameters.parse({ nodes: 4, days: 0.1, warmUp: 0, load, ...more });
}

interface Seen {
  placed: number;
  began: { at: number; lacksMs: number }[];
  ended: number;
  failed: number;
}

/** Lets these come at these times, and all of it go through; checks throughout what no cluster may do. */
function through(setup: ClusterSetup, orders: readonly (Order & { at: number })[], drawn: number): Seen {
  const seen: Seen = { placed: 0, began: [], ended: 0, failed: 0 };
  const given = new Set<string>();
  const onNode = new Map<number, number>();
  const watcher: Watcher = {
    placed() {
      seen.placed += 1;
    },
    allocated(_at, node, device) {
      expect(device).to.be.within(0, setup.knobs.gpus - 1);
      expect(given.has(`${node} ${device}`), 'a device that is another’s').to.equal(false);
      given.add(`${node} ${device}`);
      onNode.set(node, (onNode.get(node) ?? 0) + 1);
      expect(onNode.get(node)).to.be.at.most(setup.slots);
      expect(given.size).to.be.at.most(setup.quota * setup.tenants);
    },
    freed(_at, node, device) {
      expect(given.delete(`${node} ${device}`), 'a device that nobody had').to.equal(true);
      onNode.set(node, (onNode.get(node) ?? 0) - 1);
    },
    bound(_at, bindMs) {
      expect(bindMs).to.be.at.least(0);
    },
    began(at, sinceCreatedMs, lacksMs) {
      expect(sinceCreatedMs).to.be.at.least(0);
      seen.began.push({ at, lacksMs });
    },
    ended() {
      seen.ended += 1;
    },
    failed() {
      seen.failed += 1;
    },
  };
  const streams = { placement: nthStream(drawn, 0), driver: (node: number) => nthStream(drawn, 1 + node) };
  const cluster = new Cluster(setup, streams, watcher);
  for (const { at, ...order } of [...orders].sort((a, b) => a.at - b.at)) {
    cluster.runUntil(at);
    cluster.create(order);
  }
  cluster.runUntil(1e12);
  expect(given.size, 'GPUs that were not given back').to.equal(0);
  expect(cluster.alive).to.equal(0);
  return seen;
}

const anyOrders = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 60_000 }),
    tenant: fc.integer({ min: 0, max: 7 }),
    admissionMs: fc.integer({ min: 1, max: 200 }),
    startMs: fc.integer({ min: 300, max: 3_000 }),
    holdsMs: fc.integer({ min: 1_000, max: 30_000 }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('a simulated cluster', () => {
  it('starts every pod once, gives no device to two, keeps cap and quota, and has all GPUs back in the end', () => {
    fc.assert(
      fc.property(anyOrders, anyRemedies, seed, (orders, remedies, drawn) => {
        const seen = through(setupOf(small(), remedies), orders, drawn);
        expect(seen.began.length).to.equal(orders.length);
        expect(seen.ended).to.equal(orders.length);
        expect(seen.placed).to.equal(orders.length + seen.failed);
      }),
      { numRuns: 60 },
    );
  });

  it('has no start falsely allocated where the plugin waits', () => {
    const waits = fc.constantFrom<Remedies['wait']>('allocate', 'prestart');
    fc.assert(
      fc.property(anyOrders, anyRemedies, waits, seed, (orders, remedies, wait, drawn) => {
        const { began } = through(setupOf(small(), { ...remedies, wait }), orders, drawn);
        expect(began.filter(({ lacksMs }) => lacksMs > 0)).to.be.empty;
      }),
      { numRuns: 30 },
    );
  });

  it('has never more false allocations for more workers, under the same arrivals', () => {
    fc.assert(
      fc.property(anyOrders, seed, (orders, drawn) => {
        const wrong = [1, 2, 4, 12].map((workerPool) => {
          const { began } = through(setupOf(small(), { ...incident, workerPool }), orders, drawn);
          return began.filter(({ lacksMs }) => lacksMs > 0).length;
        });
        expect(wrong).to.deep.equal([...wrong].sort((a, b) => b - a));
      }),
      { numRuns: 30 },
    );
  });

  it('gives up an association that takes too long, and its Job makes the pod again', () => {
    const slow = small({ driver: { latency: { least: '6s', most: '6s' } } });
    const order = { at: 0, tenant: 0, admissionMs: 10, startMs: 1_000, holdsMs: 1_000 };
    const setup = setupOf(slow, { ...incident, timeoutRetry: true, wait: 'allocate' });
    const cluster = new Cluster(
      setup,
      { placement: nthStream(1, 0), driver: (node) => nthStream(1, 1 + node) },
      {
        placed: () => undefined,
        bound: () => undefined,
        began: () => expect.fail('it can have no GPU'),
        ended: () => undefined,
        failed: (at) => expect((at - 20) % 25_020).to.be.closeTo(15_000, 1),
      },
    );
    cluster.create(order);
    cluster.runUntil(120_000);
    expect(cluster.alive).to.equal(1);
  });

  it('starts a pod alone as late as its parts ask for', () => {
    const one = [{ at: 0, tenant: 0, admissionMs: 40, startMs: 1_000, holdsMs: 1_000 }];
    const exact = small({ driver: { latency: { least: 250, most: 250 } }, scheduler: { perPod: 10 } });
    const began = (remedies: Partial<Remedies>) =>
      through(setupOf(exact, { ...incident, ...remedies }), one, 1).began[0]?.at;
    expect(began({})).to.be.closeTo(1_050, 1e-6);
    expect(began({ wait: 'allocate' })).to.be.closeTo(1_300, 1e-6);
    // PreStartContainer comes after a sandbox that took longer than the association.
    expect(began({ wait: 'prestart' })).to.be.closeTo(1_050, 1e-6);
    expect(began({ initGate: true })).to.be.closeTo(1_450, 1e-6);
  });
});

describe('a simulated week', () => {
  it('is the same from the same seed, and another from another', () => {
    fc.assert(
      fc.property(seed, (drawn) => {
        const week = (from: number) => weekOf(small({ seed: from }), incident).blocks;
        expect(week(drawn)).to.deep.equal(week(drawn));
        expect(week((drawn + 1) >>> 0)).to.not.deep.equal(week(drawn));
      }),
      few,
    );
  });

  it('has the bursts that its load asks for, whatever remedies there are, and the GPUs in use that follow', () => {
    const parameters = small({
      nodes: 50,
      days: 3,
      load: { offered: 0.5, lasts: { least: '5m', most: '2h' } },
    });
    const [none, all] = [weekOf(parameters, incident), weekOf(parameters, hardened)];
    const bursts = (tally: typeof none) => tally.blocks.map((block) => block.bursts);
    expect(bursts(none)).to.deep.equal(bursts(all));
    const used = none.blocks.reduce((sum, { gpuMs }) => sum + gpuMs, 0) / (3 * 86_400_000 * 400);
    expect(used).to.be.within(0.4, 0.6);
  });

  it('never has more GPUs in use than the caps let be', () => {
    const parameters = small({ load: { offered: 1.5, lasts: { least: '1m', most: '10m' } } });
    for (const jobCap of [1, 4, 8]) {
      const { blocks } = weekOf(parameters, { ...incident, jobCap });
      const used = blocks.reduce((sum, { gpuMs }) => sum + gpuMs, 0) / (0.1 * 86_400_000 * 4);
      expect(used).to.be.within(0.6 * jobCap, jobCap);
    }
  });

  it('keeps no more in memory for a longer time', () => {
    const setup = setupOf(small(), incident);
    const cluster = new Cluster(
      setup,
      { placement: nthStream(1, 0), driver: (node) => nthStream(1, 1 + node) },
      {
        placed: () => undefined,
        bound: () => undefined,
        began: () => undefined,
        ended: () => undefined,
        failed: () => undefined,
      },
    );
    for (let at = 0; at < 2_000; at += 1) {
      cluster.runUntil(at * 10_000);
      cluster.create({ tenant: 0, admissionMs: 10, startMs: 1_000, holdsMs: 1_000 });
    }
    expect(cluster.alive).to.be.at.most(2);
  });
});
