import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import { Driver } from './driver.ts';
import { gpuNodeFiles } from './layout.ts';
import { GpuNodeSettings } from './settings.ts';
import { writeTools } from './tools.ts';

/** What a container meets by its own tools, of which the driver says what they show. */
describe('what a fake driver denies to a container that runs', () => {
  const [first, second] = ['GPU-n-0', 'GPU-n-1'];
  let folder: string;
  let root: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'denials-test-'));
    root = join(folder, 'container');
    const files = gpuNodeFiles(folder);
    writeTools(files);
    for (const path of ['usr/bin', 'run']) mkdirSync(join(root, path), { recursive: true });
    symlinkSync(files.root, join(root, 'run/ordeal-gpu'));
    symlinkSync(files.nvidiaSmi, join(root, 'usr/bin/nvidia-smi'));
    symlinkSync(files.vectorAdd, join(root, 'usr/bin/vectorAdd'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const driver = async (declared: boolean) => {
    const made = new Driver({
      ...{ node: 'n', files: gpuNodeFiles(folder), clock: systemClock, declared },
      settings: GpuNodeSettings.parse({ gpus: 2, workers: 2, latencyMs: [0, 0], lockMs: 0 }),
      ledger: { write: () => undefined },
    });
    for (const device of [first, second]) await made.associate('a1', device);
    return made;
  };
  const inside = (tool: string, env: Record<string, string> = {}) =>
    tryRun([join(root, 'usr/bin', tool)], {
      env: { ORDEAL_ALLOCATION: 'a1', NVIDIA_VISIBLE_DEVICES: `${first},${second}`, ...env },
    });
  const works = async (uuid?: string) =>
    (await inside('vectorAdd', uuid === undefined ? {} : { CUDA_VISIBLE_DEVICES: uuid })).exitCode === 0;

  it('is nothing when the runtime knows of its devices and applies its rules anew', async () => {
    const made = await driver(true);
    expect(made.reloadRuntime()).to.deep.equal({ associations: 2, revoked: 0 });
    expect((await inside('nvidia-smi')).stdout)
      .to.contain(first)
      .and.contain(second);
    expect(made.impaired).to.deep.equal([]);
  });

  it('is every device where the runtime does not, until it is given back', async () => {
    const made = await driver(false);
    expect(made.reloadRuntime()).to.deep.equal({ associations: 2, revoked: 2 });
    expect(await inside('nvidia-smi')).to.include({ exitCode: 6, stdout: 'No devices were found' });
    expect(await works()).to.equal(false);
    expect(made.impaired).to.have.length(2);
    made.restoreRevoked();
    expect((await inside('nvidia-smi')).exitCode).to.equal(0);
    expect(made.impaired).to.deep.equal([]);
  });

  it('is work on a device that is listed all the same, which work on the first one does not tell', async () => {
    const made = await driver(true);
    made.idle([1]);
    expect((await inside('nvidia-smi')).stdout).to.contain(second);
    expect(await works()).to.equal(true);
    expect(await works(first)).to.equal(true);
    expect(await works(second)).to.equal(false);
    expect(made.impaired).to.deep.equal([second]);
    made.idle([]);
    expect(await works(second)).to.equal(true);
  });

  it('is everything when the node goes down', async () => {
    (await driver(true)).clear();
    expect(await works()).to.equal(false);
  });
});
