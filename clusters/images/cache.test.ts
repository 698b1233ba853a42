import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { cacheDir, cached, contentKey, folderContents } from './cache.ts';

describe('image cache', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-cache-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('lies where the environment says, its own variable first', () => {
    expect(cacheDir({ ORDEAL_CACHE: '/a', XDG_CACHE_HOME: '/b' })).to.equal('/a');
    expect(cacheDir({ XDG_CACHE_HOME: '/b' })).to.equal('/b/ordeal');
    expect(cacheDir({})).to.match(/\/\.cache\/ordeal$/);
  });

  it('gives different inputs different keys, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (left, right) => {
        const same = left.length === right.length && left.every((text, index) => text === right[index]);
        expect(contentKey(...left) === contentKey(...right)).to.equal(same);
      }),
    );
  });

  it('changes the key of a folder with a file’s name, content or mode', async () => {
    const key = async () => contentKey(...(await folderContents(folder)));
    const file = join(folder, 'script');
    await writeFile(file, 'one');
    const keys = [await key()];
    await writeFile(file, 'two');
    keys.push(await key());
    await chmod(file, 0o755);
    keys.push(await key());
    await writeFile(join(folder, 'other'), 'two');
    keys.push(await key());
    expect(new Set(keys).size).to.equal(keys.length);
    expect(await key()).to.equal(keys.at(-1));
  });

  it('makes a thing once', async () => {
    let made = 0;
    const make = () =>
      cached(join(folder, 'deep', 'thing'), async (partial) => {
        made += 1;
        await writeFile(partial, 'content');
      });
    expect(await make()).to.equal(await make());
    expect(made).to.equal(1);
    expect(await readFile(join(folder, 'deep', 'thing'), 'utf8')).to.equal('content');
  });

  it('keeps nothing of a build that failed', async () => {
    const failing = cached(join(folder, 'thing'), async (partial) => {
      await writeFile(partial, 'half');
      throw new Error('no space left');
    });
    const error = await failing.catch((thrown: unknown) => thrown);
    expect(error).to.have.property('message', 'no space left');
    expect(await readdir(folder)).to.deep.equal([]);
  });
});
