import { chmodSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { OrdealError } from '../errors/error.ts';
import { run, tryRun } from './exec.ts';

const node = process.execPath;

async function failure(promise: Promise<unknown>): Promise<OrdealError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).to.be.instanceOf(OrdealError);
  return outcome as OrdealError;
}

describe('run', () => {
  it('passes arguments, input, environment and folder untouched', async () => {
    const script =
      'process.stdin.on("data", (d) => console.log(process.argv[1], String(d), process.env.ORDEAL_T, process.cwd()))';
    const result = await run([node, '-e', script, '$(x) "y" ;'], {
      input: 'in',
      env: { ORDEAL_T: 'set' },
      cwd: '/',
    });
    expect(result).to.include({ exitCode: 0, stdout: '$(x) "y" ; in set /', stderr: '' });
    expect(result.durationMs).to.be.greaterThan(0);
  });

  it('gives an empty standard input where none is named', async () => {
    const { stdout } = await run([
      node,
      '-e',
      'process.stdin.on("end", () => console.log("ended")).resume()',
    ]);
    expect(stdout).to.equal('ended');
  });

  it('says what a failing command wrote last', async () => {
    const script = 'for (let i = 0; i < 50; i++) console.error("line " + i); process.exit(7)';
    const error = await failure(run([node, '-e', script]));
    expect(error).to.include({ code: 'COMMAND_FAILED', exit: 4 });
    expect(error.seen)
      .to.match(/^exit code 7\nline 42\n/)
      .and.to.match(/line 49$/);
  });

  it('takes the exit codes that it is told to', async () => {
    const { exitCode } = await run([node, '-e', 'process.exit(3)'], { okCodes: [0, 3] });
    expect(exitCode).to.equal(3);
  });

  it('tells a missing command from a failing one', async () => {
    const error = await failure(run(['ordeal-no-such-command', 'x']));
    expect(error).to.include({ code: 'COMMAND_MISSING', exit: 4 });
    expect(error.message).to.contain('ordeal-no-such-command');
  });

  it('calls a command missing also where PATH names a folder that may not be searched', async () => {
    const locked = mkdtempSync(join(tmpdir(), 'exec-test-'));
    chmodSync(locked, 0o000);
    const path = process.env.PATH;
    process.env.PATH = `${locked}:${path}`;
    try {
      const error = await failure(run(['ordeal-no-such-command']));
      expect(error.code).to.equal('COMMAND_MISSING');
    } finally {
      process.env.PATH = path;
      rmdirSync(locked);
    }
  });

  it('does not call a command missing that may not be executed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'exec-test-'));
    const file = join(folder, 'not-executable');
    writeFileSync(file, '');
    const error = await failure(run([file]));
    rmSync(folder, { recursive: true });
    expect(error.code).to.equal('COMMAND_FAILED');
  });

  it('does not call a command missing whose folder is', async () => {
    const error = await failure(run([node, '-e', '0'], { cwd: '/no/such/folder' }));
    expect(error.code).to.equal('COMMAND_FAILED');
    expect(error.message).to.contain('/no/such/folder');
  });

  it('ends a command that takes too long', async () => {
    const error = await failure(run([node, '-e', 'setTimeout(() => {}, 60000)'], { timeoutMs: 200 }));
    expect(error).to.include({ code: 'COMMAND_TIMEOUT', exit: 4 });
  });

  it('ends with the reason of the signal that aborts it', async () => {
    const controller = new AbortController();
    const reason = new Error('deadline');
    setTimeout(() => controller.abort(reason), 50);
    const outcome = await tryRun([node, '-e', 'setTimeout(() => {}, 60000)'], {
      signal: controller.signal,
    }).catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
  });
});

describe('tryRun', () => {
  it('returns a non-zero exit', async () => {
    expect(await tryRun([node, '-e', 'console.log("out"); process.exit(9)'])).to.include({
      exitCode: 9,
      stdout: 'out',
    });
  });

  it('returns a death by signal as a shell does', async () => {
    expect(await tryRun([node, '-e', 'process.kill(process.pid, "SIGKILL")'])).to.include({ exitCode: 137 });
  });
});
