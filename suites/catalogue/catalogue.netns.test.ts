import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { ordeal, outFolder, verdictIn } from '../testing/command.ts';

const QUICK = ['stays=1s', 'withheld=1s'].flatMap((each) => ['--set', `suites.0.settings.${each}`]);

describe('failure catalogue in network namespaces', function () {
  this.timeout(300_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
  });

  afterEach(() => {
    rmSync(out, { recursive: true, force: true });
  });

  const n1 = async (profile: string, isolation: string) => {
    const options = ['--scenario', 'N1', '--profile', profile, '--level', 'smoke', '--isolation', isolation];
    const { code, output } = await ordeal('run', ...options, ...QUICK, '--out', out);
    const [requirement] = verdictIn(out).requirements;
    return { code, output, requirement, faults: verdictIn(out).faults };
  };

  it('refuses a vxlan whose outer checksums a NIC leaves half made, and tells the kernel’s count', async () => {
    const { code, faults, output, requirement } = await n1('incident', 'netns');
    expect(code, output).to.equal(1);
    expect(faults.map(({ bit, healed }) => ({ bit, healed }))).to.deep.equal([{ bit: true, healed: true }]);
    expect(requirement?.evidence).to.equal('real-kernel');
    expect(requirement?.measured).to.be.greaterThan(10);
    expect(requirement?.reason).to.match(/disconnected for .*dropped [1-9]\d* datagrams for their checksum/);
  });

  it('passes one whose checksums are whole before the same NIC has them', async () => {
    const { code, output, requirement } = await n1('hardened', 'netns');
    expect(code, output).to.equal(0);
    expect(requirement?.reason).to.match(/^connected at \d+ looks; .*dropped 0 datagrams/);
  });

  it('is inconclusive where the link is no kernel’s', async () => {
    const { code, output, requirement } = await n1('hardened', 'process');
    expect(code, output).to.equal(2);
    expect(requirement?.reason).to.contain('is no kernel’s: isolation netns has one');
  });
});
