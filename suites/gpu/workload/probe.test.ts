import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../../../harness/exec/exec.ts';
import { probeScript } from './probe.ts';

const UUID = '01234567-89ab-cdef-0123-456789abcdef';

describe('a training container’s look at its GPUs', () => {
  let bin: string;

  before(() => {
    bin = mkdtempSync(join(tmpdir(), 'probe-'));
    program('nvidia-smi', `echo "GPU 0: NVIDIA H200 (UUID: GPU-${UUID})"`);
  });

  after(() => rmSync(bin, { recursive: true, force: true }));

  function program(name: string, script: string): void {
    const path = join(bin, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  const looked = async (python: string) => {
    program('python3', python);
    const env = { PATH: `${bin}:${process.env.PATH}`, LD_LIBRARY_PATH: '/drivers' };
    const { stdout } = await run(['sh', '-c', probeScript(0, 1)], { env });
    return JSON.parse(stdout);
  };

  it('tells what nvidia-smi shows, and which devices did what they were told', async () => {
    const { exit, usable, worked } = await looked(`echo '["${UUID}"]'`);
    expect({ exit, usable, worked }).to.deep.equal({ exit: 0, usable: [`GPU-${UUID}`], worked: [UUID] });
  });

  it('tells that there was nothing to ask by', async () => {
    expect((await looked('echo null')).worked).to.equal(null);
  });

  it('does not take a call that crashed for one that was not made', async () => {
    expect((await looked('kill -SEGV $$')).worked).to.deep.equal([]);
    expect((await looked('exit 1')).worked).to.deep.equal([]);
  });
});
