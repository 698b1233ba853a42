import { join } from 'node:path';
import { expect } from 'chai';
import { Vendor } from '../../faults/gpu/testing/vendor.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { VendorsNode } from './testing/vendors-node.ts';

const GPUS = 4;
const SETTINGS = [
  ...[`gpusPerNode=${GPUS}`, 'replicas=2', 'starts=8', 'hold=1500ms', 'probeInterval=500ms'].map(
    (setting) => `suites.0.settings.${setting}`,
  ),
  // What these runs show nothing of: nobody restarts the plugin, and nothing caps the Jobs.
  'requirements.GPU-6.skip=nobody restarts the plugin',
  'requirements.GPU-7.skip=no cap',
];

/** A plugin of which the harness has nothing but what a container is told and what PodResources says. */
describe('a vendor’s plugin, as it is', function () {
  this.timeout(180_000);
  const node = new VendorsNode();
  let vendor: Vendor;

  before(async () => {
    const worker = await node.up();
    // Out of the harness's sight: neither its ledger nor its settings are where a fake GPU node's would be.
    vendor = new Vendor({ ...worker, stateDir: join(node.folder, 'vendor') });
  });

  afterEach(() => vendor.stop());

  after(async () => {
    expect(await node.down()).to.deep.equal([]);
  });

  const of = ({ requirements }: Verdict, id: string) => requirements.find((each) => each.id === id);

  it('is certified where its GPUs are usable when a container has them', async () => {
    await vendor.start({ gpus: GPUS, wait: 'prestart', workers: 8, latencyMs: [100, 150] });
    await node.stage().allocatable(GPUS);
    const verdict = await node.certify(...SETTINGS);
    expect(verdict.verdict, verdict.reasons.join('; ')).to.equal('pass');
    expect(of(verdict, 'GPU-1')).to.include({ verdict: 'pass', measured: 0 });
    expect(of(verdict, 'GPU-1')?.reason).to.contain('what the containers were told and PodResources agree');
    expect(of(verdict, 'GPU-4')?.reason).to.contain('the vendor’s driver keeps no ledger');
    expect(vendor.registrations).to.equal(1);
  });

  it('is refused where they are bound late, one after the other', async () => {
    // The last of four comes later than a container starts on a slow machine, and one of them while each container looks.
    await vendor.start({ gpus: GPUS, workers: 1, latencyMs: [900, 1_000] });
    await node.stage().allocatable(GPUS);
    const verdict = await node.certify(...SETTINGS);
    expect(verdict.verdict).to.equal('fail');
    expect(of(verdict, 'GPU-1')?.verdict).to.equal('fail');
    expect(of(verdict, 'GPU-4')?.measured).to.be.greaterThan(500);
  });

  it('interferes with no vendor’s plugin, and refuses a plan that asks for it', async () => {
    const asked = node.certify(...SETTINGS, 'suites.0.faults=[{kind: gpu/plugin-restart}]');
    const error = await asked.then(
      () => undefined,
      (refused: Error) => refused,
    );
    expect(error?.message).to.contain('suites.0.faults.0.kind').and.to.contain('left alone');
  });
});
