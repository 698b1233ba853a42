import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  describe('asks frameworks', () => {
    let modules: string;
    before(() => {
      modules = mkdtempSync(join(tmpdir(), 'modules-'));
    });
    after(() => rmSync(modules, { recursive: true, force: true }));

    /** What the looks of a container told, in whose Python there are these modules: the first look, and the one after it. */
    const asked = async (files: Record<string, string>) => {
      rmSync(modules, { recursive: true });
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(modules, path, '..'), { recursive: true });
        writeFileSync(join(modules, path), text);
      }
      rmSync(join(bin, 'python3'), { force: true });
      const PATH = `${bin}:${process.env.PATH}`;
      const env = { PATH, LD_LIBRARY_PATH: '/drivers', PYTHONPATH: modules };
      const { stdout } = await run(['sh', '-c', probeScript(1, 1)], { env });
      return stdout.split('\n').map((line) => JSON.parse(line).frameworks);
    };
    const torch = (count: number, available = 'True') =>
      `print("noise")\nclass cuda:\n  is_available = lambda: ${available}\n  device_count = lambda: ${count}\n`;
    const tensorflow =
      'class config:\n  list_physical_devices = lambda kind: ["a", "b"] if kind == "GPU" else []\n';

    it('once, behind the first look, how many GPUs they find', async () => {
      expect(await asked({ 'torch.py': torch(2), 'tensorflow/__init__.py': tensorflow })).to.deep.equal([
        null,
        { torch: 2, tensorflow: 2 },
      ]);
      expect(await asked({ 'torch.py': torch(2, 'False') })).to.deep.equal([
        null,
        { torch: 0, tensorflow: null },
      ]);
    });

    it('and takes one that fell over for one that found none', async () => {
      const fallen = {
        'torch.py': 'raise ImportError("libcudart")',
        'tensorflow.py': 'import os; os.abort()',
      };
      expect(await asked(fallen)).to.deep.equal([null, { torch: 0, tensorflow: 0 }]);
    });
  });
});
