import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

describe('the caretaker', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'caretaker-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** Its own script, whose pauses take no time and whose command writes down that it ran, and does more. */
  const attend = async (folder: string, word: string, more = 'true') => {
    writeFileSync(join(root, 'sleep'), '#!/bin/sh\n');
    writeFileSync(
      join(root, 'sweep'),
      `#!/bin/sh\necho swept >> ${join(root, 'rounds')}\necho said\n${more}\n`,
    );
    for (const name of ['sleep', 'sweep']) chmodSync(join(root, name), 0o755);
    const argv = [join(import.meta.dirname, 'caretaker.sh'), join(folder, 'clean.log'), join(root, 'sweep')];
    const shell = spawn('/bin/sh', argv, {
      env: { PATH: `${root}:${process.env.PATH}` },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.stdin.end(word);
    await once(shell, 'close');
    const rounds = join(root, 'rounds');
    return existsSync(rounds) ? readFileSync(rounds, 'utf8').split('\n').filter(Boolean).length : 0;
  };
  const folderOf = (name: string) => {
    const folder = join(root, name);
    mkdirSync(folder);
    return folder;
  };

  it('sweeps four times after a harness that is gone without a word, and leaves what it did', async () => {
    const folder = folderOf('out');
    expect(await attend(folder, '')).to.equal(4);
    expect(readFileSync(join(folder, 'clean.log'), 'utf8')).to.equal('said\n'.repeat(4));
  });

  it('does nothing after one that took everything back itself', async () => {
    expect(await attend(folderOf('out'), 'dismissed\n')).to.equal(0);
  });

  it('goes on where the folder of its log is swept away', async () => {
    const folder = folderOf('out');
    expect(await attend(folder, '', `rm -rf ${folder}`)).to.equal(4);
    expect(existsSync(folder)).to.equal(false);
  });
});
