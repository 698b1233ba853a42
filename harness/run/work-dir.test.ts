import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { abandonedWorkDirs, makeWorkDir, removeWorkDir } from './work-dir.ts';

/** Writes into the folder that it is given, file after file, for half a second. */
const WRITER = `
  const fs = require('node:fs');
  const until = performance.now() + 500;
  for (let n = 0; performance.now() < until; n++)
    try { fs.writeFileSync(process.argv[1] + '/' + n, ''); if (n === 0) console.log('writes'); } catch {}`;

/** Makes one, and stands still before it says in it whose it is. */
const MAKER = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const write = fs.writeFileSync;
  fs.writeFileSync = (path, ...more) => {
    if (!String(path).endsWith('owner.json')) return write(path, ...more);
    fs.writeSync(1, 'made');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  syncBuiltinESMExports();
  const { makeWorkDir } = await import(${JSON.stringify(new URL('./work-dir.ts', import.meta.url).href)});
  makeWorkDir('up-');`;

/** None where it goes in this moment. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

describe('a run’s scratch folder', () => {
  it('goes also while a process that is ending still writes into it', async () => {
    const folder = makeWorkDir();
    const deep = join(folder, 'deep');
    mkdirSync(deep);
    const writer = spawn(process.execPath, ['--eval', WRITER, deep], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(writer, 'close');
    await once(writer.stdout, 'data');
    await removeWorkDir(folder);
    expect(existsSync(folder)).to.equal(false);
    await ended;
  });

  it('says whose it is as long as anything else is in it, for whoever sweeps after a removal that was cut off', async () => {
    const folder = makeWorkDir();
    for (const name of ['a', 'z']) {
      mkdirSync(join(folder, name));
      for (let n = 0; n < 500; n++) writeFileSync(join(folder, name, `${n}`), '');
    }
    let over = false;
    const removed = removeWorkDir(folder).finally(() => {
      over = true;
    });
    while (!over) {
      const names = namesIn(folder);
      if (!names.includes('owner.json')) expect(names).to.deep.equal([]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await removed;
  });

  it('is found abandoned where its process was killed before it had said whose it is, and not while that lives', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'work-test-'));
    const before = process.env.TMPDIR;
    process.env.TMPDIR = scratch;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', MAKER];
    const maker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(maker, 'close');
    try {
      await once(maker.stdout, 'data');
      expect(readdirSync(scratch).filter((name) => name.startsWith('ordeal-'))).to.have.length(1);
      expect(abandonedWorkDirs()).to.deep.equal([]);
      maker.kill('SIGKILL');
      await ended;
      const [left = '', ...more] = abandonedWorkDirs();
      expect(more).to.deep.equal([]);
      await removeWorkDir(left);
      expect(readdirSync(scratch).filter((name) => name.startsWith('ordeal-'))).to.deep.equal([]);
    } finally {
      maker.kill('SIGKILL');
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      rmSync(scratch, { recursive: true, force: true });
    }
  });

  it('that is gone already is no failure', async () => {
    const folder = makeWorkDir();
    await Promise.all([removeWorkDir(folder), removeWorkDir(folder)]);
    await removeWorkDir(folder);
    expect(existsSync(folder)).to.equal(false);
  });
});
