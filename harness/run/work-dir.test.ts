import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeWorkDir, removeWorkDir } from './work-dir.ts';

/** Writes into the folder that it is given, file after file, for half a second. */
const WRITER = `
  const fs = require('node:fs');
  const until = performance.now() + 500;
  for (let n = 0; performance.now() < until; n++)
    try { fs.writeFileSync(process.argv[1] + '/' + n, ''); if (n === 0) console.log('writes'); } catch {}`;

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

  it('that is gone already is no failure', async () => {
    const folder = makeWorkDir();
    await Promise.all([removeWorkDir(folder), removeWorkDir(folder)]);
    await removeWorkDir(folder);
    expect(existsSync(folder)).to.equal(false);
  });
});
