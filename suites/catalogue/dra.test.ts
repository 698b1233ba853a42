import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { gpuNodeFiles } from '../../clusters/gpu-node/layout.ts';
import { DraPluginClient } from '../../clusters/kubelet-api/definition.ts';
import { call, connectTo } from '../../clusters/kubelet-api/transport.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { StagedDra } from './dra.ts';

const NAME = 'test.catalogue.ordeal.dev';
const CLAIM = { namespace: 'ns', name: 'c', uid: 'claim-1' };
const ALLOCATED = {
  spec: {},
  status: {
    allocation: { devices: { results: [{ driver: NAME, device: 'gpu-1', pool: 'n', request: 'gpu' }] } },
    reservedFor: [{ resource: 'pods', name: 'p', uid: 'pod-1' }],
  },
};

describe('a scenario’s DRA driver', () => {
  let stateDir: string;
  let deeds: string[];

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'od-'));
    await mkdir(join(stateDir, 'registry'));
    deeds = [];
  });

  afterEach(async () => {
    await rm(stateDir, { recursive: true, force: true });
  });

  /** What a kubelet meets, with a binding that takes so long. */
  async function asked(
    awaitsBinding: boolean,
    claim: object,
    work: (ask: Ask, files: Files) => Promise<void>,
    bindingMs = 300,
  ) {
    const folder = join(stateDir, 'catalogue-t');
    const driver = new StagedDra({
      ...{ registry: join(stateDir, 'registry'), stateDir, name: NAME, purpose: 't', devices: 2 },
      ...{ awaitsBinding, clock: systemClock, claimOf: async () => claim as typeof ALLOCATED },
      tell: ({ devices, moment, pod }) => deeds.push(`${pod} ${devices} ${moment}`),
    });
    await driver.start();
    driver.delay(bindingMs);
    const kubelet = connectTo(DraPluginClient, join(folder, 'dra.sock'));
    const ask = (method: string) =>
      call<{ claims: Record<string, object> }>(kubelet, method, { claims: [CLAIM] });
    try {
      await work(ask, gpuNodeFiles(folder));
    } finally {
      kubelet.close();
      await driver.end();
    }
  }
  type Ask = (method: string) => Promise<{ claims: Record<string, object> }>;
  type Files = ReturnType<typeof gpuNodeFiles>;
  const bound = ({ associations }: Files) => existsSync(join(associations, 'GPU-t-1.pod-1'));

  it('answers when the claim’s device is bound to the pod, and takes it back', async () => {
    await asked(true, ALLOCATED, async (ask, files) => {
      const { claims } = await ask('NodePrepareResources');
      expect(bound(files)).to.equal(true);
      expect(claims['claim-1']).to.deep.include({ error: '' });
      expect(await readFile(join(files.root, 'claims', 'pod-1'), 'utf8')).to.equal('GPU-t-1');
      await ask('NodeUnprepareResources');
      expect(bound(files)).to.equal(false);
    });
    expect(deeds).to.deep.equal(['pod-1 GPU-t-1 asked', 'pod-1 GPU-t-1 over']);
  });

  it('answers before, where it does not await that', async () => {
    // Longer than this process, which is driver and kubelet both, ever stands still between the answer and the look.
    await asked(
      false,
      ALLOCATED,
      async (ask, files) => {
        await ask('NodePrepareResources');
        expect(bound(files)).to.equal(false);
        await waitFor(() => bound(files), { what: 'the binding', deadlineMs: 10_000 });
      },
      2_500,
    );
  });

  it('prepares no claim that is nobody’s', async () => {
    await asked(true, { ...ALLOCATED, status: {} }, async (ask) => {
      expect((await ask('NodePrepareResources')).claims['claim-1']).to.deep.include({
        error: 'the claim c is nobody’s yet',
      });
    });
    expect(deeds).to.deep.equal([]);
  });

  it('is gone at its end, with its registration', async () => {
    await asked(true, ALLOCATED, async () => {
      expect(existsSync(join(stateDir, 'registry', 'ordeal-t.sock'))).to.equal(true);
    });
    expect(existsSync(join(stateDir, 'registry', 'ordeal-t.sock'))).to.equal(false);
    expect(existsSync(join(stateDir, 'catalogue-t'))).to.equal(false);
  });
});
