import { ApiException, type V1Lease } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Clock } from '../harness/clock/clock.ts';
import { systemClock } from '../harness/clock/clock.ts';
import { waitFor } from '../harness/clock/wait-for.ts';
import type { Kube } from '../harness/kube/client.ts';
import { lockCluster, lockedBy } from './lock.ts';

const RENEWAL_MS = 10_000;

/** The one Lease, as an API server keeps it: a version, and conflicts. */
class Leases {
  lease: V1Lease | undefined;
  #version = 0;
  readonly kube = { config: { makeApiClient: () => this } } as unknown as Kube;

  put(body: V1Lease): V1Lease {
    this.#version += 1;
    this.lease = structuredClone({
      ...body,
      metadata: { ...body.metadata, resourceVersion: String(this.#version) },
    });
    return this.lease;
  }

  async createNamespacedLease({ body }: { body: V1Lease }) {
    if (this.lease) throw refusal(409);
    return this.put(body);
  }

  async readNamespacedLease() {
    if (!this.lease) throw refusal(404);
    return structuredClone(this.lease);
  }

  async replaceNamespacedLease({ body }: { body: V1Lease }) {
    if (body.metadata?.resourceVersion !== this.lease?.metadata?.resourceVersion) throw refusal(409);
    return this.put(body);
  }

  async deleteNamespacedLease() {
    this.lease = undefined;
  }

  renewedBy(run: string, atMs: number) {
    const spec = { holderIdentity: run, leaseDurationSeconds: 60, renewTime: new Date(atMs) };
    this.put({ metadata: { annotations: { 'ordeal.dev/owner': 'another machine 1.1' } }, spec });
  }
}

function refusal(code: number) {
  return new ApiException(code, 'refused', '{}', {});
}

describe('the lock of a cluster', () => {
  const NOW = 1_000_000_000;
  let leases: Leases;
  let slept: number[];
  /** Lets the next renewal come. */
  let tick: () => void;

  const taking = (runId: string, during: () => void = () => undefined) => {
    let renewal = new Promise<void>((resolve) => {
      tick = resolve;
    });
    const clock: Clock = {
      ...{ mono: () => 0, wall: () => NOW },
      async sleep(ms, signal) {
        if (ms !== RENEWAL_MS) {
          slept.push(ms);
          return during();
        }
        await Promise.race([
          renewal,
          new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
        ]);
        renewal = new Promise(() => undefined);
      },
    };
    const { signal } = new AbortController();
    return lockCluster(leases.kube, { runId, clock, signal, progress: () => undefined });
  };
  const refused = async (taken: Promise<unknown>) =>
    expect(await taken.catch((error) => error)).to.include({ code: 'CLUSTER_IN_USE', exit: 4 });

  beforeEach(() => {
    leases = new Leases();
    slept = [];
  });

  it('is had by one run, and gone when that gives it back', async () => {
    const lock = await taking('a');
    expect(await lockedBy(leases.kube)).to.equal('a');
    await lock.release();
    expect(leases.lease).to.equal(undefined);
  });

  it('is refused at once while another renews it, and left as it is', async () => {
    leases.renewedBy('b', NOW - 59_000);
    const before = structuredClone(leases.lease);
    await refused(taking('a'));
    expect(leases.lease).to.deep.equal(before);
    expect(slept).to.deep.equal([]);
  });

  it('is taken over when it has lapsed and nobody renews it while it is looked at', async () => {
    leases.renewedBy('b', NOW - 61_000);
    const lock = await taking('a');
    expect(await lockedBy(leases.kube)).to.equal('a');
    expect(slept).to.deep.equal([2 * RENEWAL_MS]);
    await lock.release();
  });

  it('is not taken from one whose clock is behind', async () => {
    leases.renewedBy('b', NOW - 3_600_000);
    await refused(taking('a', () => leases.renewedBy('b', NOW - 3_590_000)));
    expect(await lockedBy(leases.kube)).to.equal('b');
  });

  it('is taken over at once from a process of this machine that is gone', async () => {
    const first = await taking('b');
    const { annotations = {} } = leases.lease?.metadata ?? {};
    const [machine] = annotations['ordeal.dev/owner']?.split(' ') ?? [];
    leases.put({
      ...leases.lease,
      metadata: { annotations: { 'ordeal.dev/owner': `${machine} 99999999.1` } },
    });
    const second = await taking('a');
    expect(await lockedBy(leases.kube)).to.equal('a');
    expect(slept).to.deep.equal([]);
    await first.release();
    expect(await lockedBy(leases.kube), 'who lost it gives nothing back').to.equal('a');
    await second.release();
  });

  it('that was lost is told, and is the other’s', async () => {
    const lock = await taking('a');
    leases.renewedBy('b', NOW);
    tick();
    await waitFor(() => lock.lost() !== undefined, {
      what: 'the loss',
      deadlineMs: 5_000,
      clock: systemClock,
    });
    expect(lock.lost()).to.equal('b');
    await lock.release();
    expect(await lockedBy(leases.kube)).to.equal('b');
  });
});
