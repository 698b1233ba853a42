import { expect } from 'chai';
import fc from 'fast-check';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import { DeploymentController } from './deployment-controller.ts';
import { createStore, timestamp } from './memory-store.ts';
import { isReady, withCondition } from './pod.ts';
import { isActive } from './replica-set.ts';
import { ReplicaSetController } from './replica-set-controller.ts';
import { type IntOrPercent, podLimits } from './rollout.ts';
import type { KubeObject } from './store.ts';

/** A store with both controllers, and a namespace for the Deployment `web`. */
class Plant {
  readonly clock = new ManualClock();
  readonly store = createStore(this.clock);
  readonly #controllers = [
    new ReplicaSetController(this.store, this.clock),
    new DeploymentController(this.store, this.clock),
  ];

  constructor(spec: object) {
    this.store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    for (const controller of this.#controllers) controller.start();
    this.store.create('deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'n' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'main', image: '1' }] },
        },
        ...spec,
      },
    });
  }

  get web(): KubeObject {
    return this.store.get('deployments', 'n', 'web') as KubeObject;
  }

  get pods(): KubeObject[] {
    return this.store.list('pods', 'n').filter(isActive);
  }

  get sizes(): number[] {
    return this.store.list('replicasets', 'n').map(({ spec }) => spec.replicas);
  }

  reason(type: string): string | undefined {
    const conditions: { type: string; reason: string }[] = this.web.status.conditions ?? [];
    return conditions.find((condition) => condition.type === type)?.reason;
  }

  change(change: (spec: KubeObject['spec']) => object): void {
    this.store.update('deployments', 'n', 'web', (stored) => ({ ...stored, spec: change(stored.spec) }));
  }

  /** A template of another image. */
  image(image: string): void {
    const containers = [{ name: 'main', image }];
    this.change((spec) => ({ ...spec, template: { ...spec.template, spec: { containers } } }));
  }

  ready({ metadata }: KubeObject, ready = true): void {
    const at = timestamp(this.clock.wall());
    const change = (stored: KubeObject) => ({
      ...stored,
      status: withCondition({ ...stored.status, phase: 'Running' }, 'Ready', ready ? 'True' : 'False', at),
    });
    this.store.update('pods', 'n', metadata.name, change, { status: true });
  }

  /** Lets the controllers work, with every pod ready at once, until nothing changes. */
  async settle(): Promise<void> {
    for (let version = -1; version !== this.store.version; ) {
      version = this.store.version;
      await this.clock.advance(200);
      for (const pod of this.pods) if (!isReady(pod)) this.ready(pod);
    }
  }

  stop(): void {
    for (const controller of this.#controllers) controller.stop();
  }
}

describe('the controllers of Deployments and ReplicaSets', () => {
  let plant: Plant;
  afterEach(() => plant?.stop());

  it('keep every rollout within its limits, whichever pods get ready when', async () => {
    const limit = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom('0%', '25%', '50%', '100%'));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.tuple(limit, limit).filter((both) => both.some((one) => Number.parseInt(String(one), 10) > 0)),
        fc.infiniteStream(fc.nat({ max: 5 })),
        async (replicas, [maxSurge, maxUnavailable]: [IntOrPercent, IntOrPercent], draws) => {
          plant = new Plant({ replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } });
          await plant.settle();
          const { surge, unavailable } = podLimits(replicas, { maxSurge, maxUnavailable });
          const breaches: string[] = [];
          plant.store.watch('replicasets', () => {
            const told = plant.sizes.reduce((sum, size) => sum + size, 0);
            if (told > replicas + surge) breaches.push(`${told} pods`);
          });
          plant.store.watch('pods', () => {
            const available = plant.pods.filter(isReady).length;
            if (available < replicas - unavailable) breaches.push(`${available} available`);
          });
          plant.image('2');
          for (
            let round = 0;
            round < 200 && plant.reason('Progressing') !== 'NewReplicaSetAvailable';
            round++
          )
            await step(draws);
          await plant.settle();
          expect(breaches).to.deep.equal([]);
          expect(plant.web.status).to.include({
            replicas,
            updatedReplicas: replicas,
            availableReplicas: replicas,
          });
          expect(plant.pods.map(({ spec }) => spec.containers[0].image)).to.deep.equal(
            new Array(replicas).fill('2'),
          );
          plant.stop();
        },
      ),
      { numRuns: 30 },
    );
    async function step(draws: fc.Stream<number>) {
      await plant.clock.advance(100);
      const waiting = plant.pods.filter((pod) => !isReady(pod));
      const drawn = waiting[draws.next().value % Math.max(1, waiting.length)];
      if (drawn) plant.ready(drawn);
    }
  });

  it('replace a pod that failed, and leave it to be looked at', async () => {
    plant = new Plant({ replicas: 2 });
    await plant.settle();
    const [victim] = plant.pods as [KubeObject];
    const failed = { phase: 'Failed', reason: 'Evicted' };
    const change = (stored: KubeObject) => ({ ...stored, status: { ...stored.status, ...failed } });
    plant.store.update('pods', 'n', victim.metadata.name, change, { status: true });
    await plant.settle();
    expect(plant.pods).to.have.length(2);
    expect(plant.store.list('pods', 'n')).to.have.length(3);
  });

  it('delete what is not ready before what is', async () => {
    plant = new Plant({ replicas: 3 });
    await plant.settle();
    const [, sick] = plant.pods as [KubeObject, KubeObject];
    plant.ready(sick, false);
    plant.change((spec) => ({ ...spec, replicas: 2 }));
    await plant.clock.advance(1_000);
    expect(plant.pods.map(({ metadata }) => metadata.name)).to.not.include(sick.metadata.name);
    expect(plant.pods).to.have.length(2);
  });

  it('count a pod as available once it was ready for minReadySeconds', async () => {
    plant = new Plant({ replicas: 1, minReadySeconds: 10 });
    await plant.clock.advance(1_000);
    plant.ready(plant.pods[0] as KubeObject);
    await plant.clock.advance(9_000);
    expect(plant.web.status).to.include({ readyReplicas: 1, unavailableReplicas: 1 });
    await plant.clock.advance(2_000);
    expect(plant.web.status).to.include({ availableReplicas: 1 });
  });

  it('Recreate: no new pod before the last old one has gone', async () => {
    plant = new Plant({ replicas: 2, strategy: { type: 'Recreate' } });
    await plant.settle();
    const images: string[] = [];
    plant.store.watch('pods', () => {
      const there = new Set(plant.store.list('pods', 'n').map(({ spec }) => spec.containers[0].image));
      images.push([...there].join('+'));
    });
    plant.image('2');
    await plant.settle();
    expect(images).to.not.include('1+2');
    expect(images.at(-1)).to.equal('2');
  });

  it('paused: a new template waits, a new size does not', async () => {
    plant = new Plant({ replicas: 2 });
    await plant.settle();
    plant.change((spec) => ({ ...spec, paused: true }));
    plant.image('2');
    plant.change((spec) => ({ ...spec, replicas: 3 }));
    await plant.settle();
    expect(plant.pods.map(({ spec }) => spec.containers[0].image)).to.deep.equal(['1', '1', '1']);
    expect(plant.reason('Progressing')).to.equal('DeploymentPaused');
    plant.change(({ paused: _, ...spec }) => spec);
    await plant.settle();
    expect(plant.pods.map(({ spec }) => spec.containers[0].image)).to.deep.equal(['2', '2', '2']);
  });

  it('keep so many empty ReplicaSets as the history may have, the newest', async () => {
    plant = new Plant({ replicas: 1, revisionHistoryLimit: 1 });
    for (const image of ['2', '3', '4']) {
      await plant.settle();
      plant.image(image);
    }
    await plant.settle();
    const images = plant.store
      .list('replicasets', 'n')
      .map(({ spec }) => spec.template.spec.containers[0].image);
    expect(images).to.deep.equal(['3', '4']);
  });

  it('say that a quota stands in the way, and go on when it does not', async () => {
    plant = new Plant({ replicas: 0 });
    const quota = { metadata: { name: 'few', namespace: 'n' }, spec: { hard: { pods: '1' } } };
    plant.store.create('resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', ...quota });
    plant.change((spec) => ({ ...spec, replicas: 2 }));
    await plant.clock.advance(500);
    expect(plant.pods).to.have.length(1);
    expect(plant.reason('ReplicaFailure')).to.equal('FailedCreate');
    plant.store.delete('resourcequotas', 'n', 'few');
    await plant.clock.advance(5_000);
    expect(plant.pods).to.have.length(2);
    expect(plant.reason('ReplicaFailure')).to.equal(undefined);
  });
});
