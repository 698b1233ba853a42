import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { OrdealError } from '../../../harness/errors/error.ts';
import { shellExec } from './shells.ts';

describe('commands through a standing shell', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'shells-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const exec = (argv: string[], options?: { timeoutMs?: number; input?: string }) =>
    shellExec(join(folder, "it's here"))(argv, options);

  it('get their words as they are', async () => {
    const word = fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', ' ', '\n', '*', ';', 'a') });
    const run = shellExec(folder);
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), async (words) => {
        const { exitCode, stdout } = await run(['printf', '%s|', ...words, 'end']);
        expect({ exitCode, stdout }).to.deep.equal({
          exitCode: 0,
          stdout: `${[...words, 'end'].join('|')}|`,
        });
      }),
      { numRuns: 50 },
    );
  });

  it('answer with exit code, both streams and what they were given', async () => {
    const argv = ['sh', '-c', 'cat; echo out; echo err >&2; exit 7'];
    expect(await exec(argv, { input: 'in\n' })).to.deep.equal({
      exitCode: 7,
      stdout: 'in\nout',
      stderr: 'err',
    });
    expect(await exec(['cat'])).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' });
    expect((await exec(['no-such-command'])).exitCode).to.equal(127);
  });

  it('run beside each other, and one out of time is ended and hurts no other', async () => {
    const run = shellExec(folder);
    const late = run(['sleep', '30'], { timeoutMs: 300 }).catch((error: unknown) => error);
    expect((await run(['echo', 'here'])).stdout).to.equal('here');
    const error = await late;
    expect(error).to.be.instanceOf(OrdealError).and.include({ code: 'COMMAND_TIMEOUT' });
    expect((await run(['echo', 'again'])).stdout).to.equal('again');
  });
});
