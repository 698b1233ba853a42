import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordinaryFolder, ordinaryUser } from '../../harness/testing/ordinary-user.ts';
import { type Started, startAs, verdictIn, verdicts } from '../testing/command.ts';

describe('edge certification, isolation uml, as an ordinary user', function () {
  this.timeout(480_000);
  let folder: string;
  let run: Started | undefined;

  beforeEach(() => {
    folder = ordinaryFolder('suite-test-');
  });

  afterEach(async () => {
    // One that is out of time takes its guest down.
    run?.child.kill('SIGTERM');
    await run?.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  it('refuses the incident and certifies the hardened profile, with faults by tc netem', async () => {
    const out = join(folder, 'out');
    const as = { ...ordinaryUser, env: { ...process.env, TMPDIR: folder, HOME: folder } };
    // Where a busy machine gives the guest no time, the run says how far it came.
    const options = ['--suite', 'edge', '--isolation', 'uml', '--level', 'smoke', '--deadline', '7m'];
    run = startAs(as, 'run', ...options, '--out', out);
    const { code, output } = await run.ended;
    expect(code, output).to.equal(0);
    expect(verdicts(join(out, 'incident'))).to.include({ 'EDGE-1': 'fail', 'EDGE-2': 'fail' });
    expect(verdictIn(join(out, 'hardened')).verdict).to.equal('pass');
    for (const profile of ['incident', 'hardened']) {
      const { faults, requirements } = verdictIn(join(out, profile));
      expect(Object.fromEntries(requirements.map((each) => [each.id, each.evidence]))).to.include({
        'EDGE-1': 'real-kernel',
        'EDGE-3': 'modelled',
      });
      const by = (id: string) => faults.find((fault) => fault.id === id);
      for (const id of ['partition-1', 'checksum-corruption-1'])
        expect(by(id), `${profile}: ${id}`).to.include({ mechanism: 'tc netem', bit: true, healed: true });
      // netem counts no corruption: the far end's kernel does.
      expect(by('checksum-corruption-1')?.biteEvidence).to.match(/checksum errors at the receiver: [1-9]/);
    }
  });
});
