import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { ordeal, outFolder, verdictIn } from '../testing/command.ts';

/** Fewer devices than a burst has pods, each of which takes seconds to start and to end on a small machine. */
const DEVICES = ['--set', 'suites.0.settings.devices=2'];

describe('failure catalogue on kind', function () {
  this.timeout(600_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
  });

  afterEach(() => {
    rmSync(out, { recursive: true, force: true });
  });

  const g15 = async (profile: string) => {
    const where = ['--cluster', 'kind', '--workers', '1', '--level', 'smoke', '--profile', profile];
    const { code, output } = await ordeal('run', ...where, '--scenario', 'G15', ...DEVICES, '--out', out);
    const { faults, requirements } = verdictIn(out);
    expect(
      faults.map(({ bit, healed }) => ({ bit, healed })),
      output,
    ).to.deep.equal([{ bit: true, healed: true }]);
    return { code, output, requirement: requirements[0] };
  };

  it('refuses a DRA driver that has prepared claims before their devices are bound', async () => {
    const { code, output, requirement } = await g15('incident');
    expect(code, output).to.equal(1);
    expect(requirement?.evidence).to.equal('real-kubernetes');
    // Those of the burst that started sooner than their device came; the first came before the delay.
    expect(requirement?.reason).to.match(
      /^[1-4] of 5 containers started without their device; no device in two/,
    );
  });

  it('passes one that prepares them when they are', async () => {
    const { code, output, requirement } = await g15('hardened');
    expect(code, output).to.equal(0);
    expect(requirement).to.include({ measured: 0, samples: 5 });
  });
});
