import { expect } from 'chai';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import { JobController } from './job-controller.ts';
import { createStore } from './memory-store.ts';

describe('the Job controller', () => {
  it('makes the pods of Jobs that come at once side by side, in batches that double', async () => {
    const clock = new ManualClock();
    const store = createStore(clock);
    store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    const controller = new JobController(store, clock, 10_000);
    controller.start();
    const made: string[] = [];
    store.watch('pods', ({ type, object }) => {
      if (type === 'ADDED') made.push(object.metadata.labels?.['batch.kubernetes.io/job-name'] ?? '');
    });
    for (const name of ['a', 'b']) {
      store.create('jobs', {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace: 'n' },
        spec: {
          parallelism: 8,
          completions: 8,
          backoffLimit: 6,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: '1' }] } },
        },
      });
    }
    await clock.advance(1_000);
    controller.stop();
    const batches = made.join('').match(/(.)\1*/g);
    expect(batches).to.deep.equal(['a', 'b', 'aa', 'bb', 'aaaa', 'bbbb', 'a', 'b']);
  });
});
