import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { edgePod } from './pods.ts';
import { Toolbox } from './toolbox.ts';

describe('a toolbox on somebody’s node', () => {
  let folder: string;
  let started: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'toolbox-test-'));
  });

  afterEach(() => {
    try {
      // With what goes with its first process where that is a container's.
      if (started?.pid !== undefined) process.kill(-started.pid, 'SIGKILL');
    } catch {
      // All of it has ended.
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (argv: readonly string[], { input, path = '' }: { input?: number; path?: string } = {}) => {
    const [command, ...args] = argv;
    const env = { ...process.env, PATH: `${path}:${process.env.PATH}` };
    started = spawn(command as string, args, {
      stdio: [input ?? 'ignore', 'ignore', 'ignore'],
      env,
      detached: true,
    });
    return started;
  };
  const linesOf = (file: string) =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const lines = (file: string, count: number) =>
    waitFor(() => linesOf(file).length === count, {
      what: `${count} lines`,
      deadlineMs: 10_000,
      intervalMs: 20,
    });

  it('takes its table away when its container comes up, and when it is ended by whomever', async () => {
    const log = join(folder, 'log');
    writeFileSync(join(folder, 'nft'), `#!/bin/sh\necho "$@" >>${log}\n`);
    chmodSync(join(folder, 'nft'), 0o755);
    const where = { name: 'p', namespace: 'n', node: 'a', image: 'i', deadlineSeconds: 1 };
    const pod = edgePod({ ...where, role: 'edge', table: 'ordeal_cut' });
    const life = start(pod.spec?.containers[0]?.command ?? [], { path: folder });
    await lines(log, 1);
    life.kill('SIGTERM');
    await once(life, 'exit');
    expect(life.exitCode).to.equal(0);
    expect(linesOf(log)).to.deep.equal(Array(2).fill('delete table inet ordeal_cut'));
  });

  it('has commands hear the end of their input and go on, where their runtime ends what it was asked for', async () => {
    const context = { name: 'theirs', kubeconfig: '/k' };
    const { hop } = new Toolbox({ name: 'a', context, namespace: 'n', pod: 'edge-0' });
    expect(hop.machine).to.deep.equal(hop.enter);
    const [heard, healed] = [join(folder, 'heard'), join(folder, 'healed')];
    const inPod = hop.enter.slice(hop.enter.indexOf('--') + 1);
    const told = 'read -r word; echo "$word" >"$1"; cat >/dev/null; echo healed >"$2"';
    // A pipe of its own: one that Node makes for a process ends with that process.
    const pipe = join(folder, 'input');
    execFileSync('mkfifo', [pipe]);
    const [speaks, listens] = [openSync(pipe, 'r+'), openSync(pipe, 'r')];
    const asked = start([...inPod, 'sh', '-c', told, 'sh', heard, healed], { input: listens });
    closeSync(listens);
    writeSync(speaks, 'a word\n');
    await lines(heard, 1);
    asked.kill('SIGKILL');
    await once(asked, 'exit');
    expect(linesOf(heard)).to.deep.equal(['a word']);
    expect(existsSync(healed)).to.equal(false);
    closeSync(speaks);
    await lines(healed, 1);
  });

  it('has the exit code of what it runs', async () => {
    const context = { name: 'theirs', kubeconfig: '/k' };
    const { hop } = new Toolbox({ name: 'a', context, namespace: 'n', pod: 'edge-0' });
    const inPod = hop.enter.slice(hop.enter.indexOf('--') + 1);
    const asked = start([...inPod, 'sh', '-c', 'exit 7']);
    await once(asked, 'exit');
    expect(asked.exitCode).to.equal(7);
  });
});
