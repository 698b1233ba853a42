import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordinaryFolder, ordinaryUser } from '../../harness/testing/ordinary-user.ts';
import { startAs, verdictIn, verdicts } from '../testing/command.ts';

/** The suite's own schedule, with corruption by `tc netem` besides. */
const FAULTS = [
  { kind: 'network/offload-defect', with: { for: 12_000 } },
  { kind: 'network/partition', with: { for: 6_500, match: 'tunnel' } },
  { kind: 'network/tunnel-restart', with: {} },
  { kind: 'network/checksum-corruption', with: { for: 6_000, share: 20 } },
  { kind: 'network/broker-restart', with: {} },
];

describe('edge certification, isolation uml, as an ordinary user', function () {
  this.timeout(300_000);
  let folder: string;

  beforeEach(() => {
    folder = ordinaryFolder('suite-test-');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses the incident, with faults by tc netem', async () => {
    const out = join(folder, 'out');
    const as = { ...ordinaryUser, env: { ...process.env, TMPDIR: folder, HOME: folder } };
    const run = ['run', '--suite', 'edge', '--isolation', 'uml', '--level', 'smoke', '--profile', 'incident'];
    const { ended } = startAs(
      as,
      ...run,
      ...['--out', out, '--set', `suites.0.faults=${JSON.stringify(FAULTS)}`],
    );
    const { code, output } = await ended;
    expect(code, output).to.equal(1);
    expect(verdicts(out)).to.include({ 'EDGE-1': 'fail', 'EDGE-2': 'fail' });
    const { faults, requirements } = verdictIn(out);
    expect(Object.fromEntries(requirements.map((each) => [each.id, each.evidence]))).to.include({
      'EDGE-1': 'real-kernel',
      'EDGE-3': 'modelled',
    });
    const by = (id: string) => faults.find((fault) => fault.id === id);
    for (const id of ['partition-1', 'checksum-corruption-1'])
      expect(by(id), id).to.include({ mechanism: 'tc netem', bit: true, healed: true });
    // netem counts no corruption: the far end's kernel does.
    expect(by('checksum-corruption-1')?.biteEvidence).to.match(/checksum errors at the receiver: [1-9]/);
  });
});
