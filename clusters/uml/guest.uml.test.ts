import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { machineProcesses } from '../../harness/exec/processes.ts';
import { ordinaryFolder, ordinaryUser } from '../../harness/testing/ordinary-user.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const BOOT_MS = 180_000;

describe('user-mode-Linux guest of an ordinary user', function () {
  this.timeout(240_000);
  let folder: string;
  let started: ChildProcess | undefined;

  beforeEach(() => {
    folder = ordinaryFolder('uml-test-');
  });

  afterEach(() => {
    started?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** `ordeal run` of the suite edge in a guest, its scratch folder below the test's own. */
  function start() {
    const argv = ['ordeal.mjs', 'run', '--suite', 'edge', '--isolation', 'uml', '--level', 'smoke'];
    const child = spawn(process.execPath, [...argv, '--profile', 'hardened', '--out', join(folder, 'out')], {
      cwd: CHECKOUT,
      env: { ...process.env, TMPDIR: folder, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...ordinaryUser,
    });
    started = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
    }
    const code = new Promise<number | null>((resolve) => child.once('close', resolve));
    const until = (text: string) =>
      waitFor(() => said.includes(text) || child.exitCode !== null, {
        what: text,
        deadlineMs: BOOT_MS,
        seen: () => said,
      });
    return { child, code, until, said: () => said };
  }

  /** Processes that carry this guest’s command line. */
  const guestProcesses = () =>
    machineProcesses().filter(({ argv }) => argv.some((word) => word.startsWith(`uml_dir=${folder}/`)));

  const scratchFolders = () => readdirSync(folder).filter((name) => /^ordeal-/.test(name));

  it('ends with 130 on SIGINT, and nothing of guest and scratch folder is left', async () => {
    const { child, code, said, until } = start();
    await until('isolation uml, the kernel');
    expect(guestProcesses(), said()).not.to.deep.equal([]);
    child.kill('SIGINT');
    expect(await code, said()).to.equal(130);
    expect(guestProcesses()).to.deep.equal([]);
    expect(scratchFolders()).to.deep.equal([]);
  });

  it('says that the guest ended where its kernel is killed, and nothing runs on', async () => {
    const { code, said, until } = start();
    await until('isolation uml, the kernel');
    const kernels = guestProcesses().filter(({ argv }) => argv[0] === 'linux.uml');
    // Each process in the guest is a child of the kernel's, under its name, and where PIDs began anew it may have a lower one.
    const [kernel] = kernels.filter(({ parent }) => !kernels.some(({ pid }) => pid === parent));
    process.kill(kernel?.pid as number, 'SIGKILL');
    expect(await code, said()).to.be.oneOf([2, 4]);
    expect(said()).to.match(/the guest ended/);
    await waitFor(() => guestProcesses().length === 0, {
      what: 'the guest’s processes to be gone',
      deadlineMs: 10_000,
      clock: systemClock,
    });
    expect(scratchFolders()).to.deep.equal([]);
  });
});
