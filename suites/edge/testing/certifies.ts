import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Evidence } from '../../../harness/verdict/verdict.ts';
import { ordeal, outFolder, verdictIn, verdicts } from '../../testing/command.ts';

/** Where a certification runs, as options of the command, and how real what it sees there is. */
interface Where {
  options: Readonly<Record<string, string>>;
  /** Of what the network does, and of what Kubernetes does. */
  evidence: { network: Evidence; kubernetes: Evidence };
}

/** An embedded cluster's isolation. */
export function isolation(name: string, network: Evidence): Where {
  return { options: { isolation: name }, evidence: { network, kubernetes: 'modelled' } };
}

/** A cluster whose nodes are containers on this kernel. */
export function containers(provider: string, options: Readonly<Record<string, string>> = {}): Where {
  return {
    options: { cluster: provider, ...options },
    evidence: { network: 'real-kernel', kubernetes: 'real-kubernetes' },
  };
}

/** Declares that the suite refuses the incident and certifies the remedies, with these settings. */
export function declareCertification(
  { evidence, options }: Where,
  settings: Readonly<Record<string, string | number>> = {},
): void {
  const set = Object.entries(settings).map(([name, value]) => `suites.0.settings.${name}=${value}`);
  const titled = Object.entries({ ...options, ...settings }).map(([name, value]) => `${name} ${value}`);
  const where = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  describe(`edge certification, ${titled.join(', ')}`, function () {
    this.timeout(600_000);
    let out: string;

    beforeEach(() => {
      out = outFolder();
    });

    afterEach(() => rmSync(out, { recursive: true, force: true }));

    it('refuses the incident and certifies the hardened profile, and judging again gives the same', async () => {
      const { code, output } = await ordeal(
        'run',
        ...['--suite', 'edge', ...where, '--level', 'smoke', '--out', out],
        ...set.flatMap((field) => ['--set', field]),
      );
      expect(code, output).to.equal(0);
      const [incident, hardened] = [join(out, 'incident'), join(out, 'hardened')];
      // The disconnect is the tunnel's alone, nobody noticed it, and what was measured meanwhile is lost.
      expect(verdicts(incident)).to.include({
        'EDGE-1': 'fail',
        'EDGE-2': 'fail',
        'EDGE-3': 'fail',
        'EDGE-5': 'pass',
      });
      const { faults, requirements } = verdictIn(hardened);
      expect(faults.map(({ kind, bit, healed }) => ({ kind, bit, healed }))).to.deep.equal(
        ['offload-defect', 'partition', 'tunnel-restart', 'broker-restart'].map((kind) => ({
          kind: `network/${kind}`,
          bit: true,
          healed: true,
        })),
      );
      expect(Object.fromEntries(requirements.map((each) => [each.id, each.evidence]))).to.include({
        'EDGE-1': evidence.network,
        'EDGE-3': evidence.kubernetes,
      });
      const before = verdictIn(hardened);
      expect((await ordeal('report', hardened)).code).to.equal(0);
      expect(verdictIn(hardened)).to.deep.equal(before);
    });
  });
}
