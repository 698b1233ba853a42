import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { programsKey } from './programs.ts';

describe('the programs’ part of an image’s key', () => {
  const caches: string[] = [];
  const newCache = () => {
    const cache = mkdtempSync(join(tmpdir(), 'ordeal-'));
    caches.push(cache);
    return cache;
  };

  after(() => {
    for (const cache of caches) rmSync(cache, { recursive: true });
  });

  it('is worked out once for the sources as they are', async () => {
    const [first, second] = [newCache(), newCache()];
    expect(await programsKey(first)).to.match(/^[0-9a-f]{10}$/);
    const [sources = ''] = readdirSync(join(first, 'programs'));
    mkdirSync(join(second, 'programs'));
    writeFileSync(join(second, 'programs', sources), 'kept');
    expect(await programsKey(second)).to.equal('kept');
  });
});
