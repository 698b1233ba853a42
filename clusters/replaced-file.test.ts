import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { replaceFile } from './replaced-file.ts';

describe('a file that is replaced as a whole', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'replaced-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('may be replaced by several at once, as by who cleans beside a caretaker: each of them whole', async () => {
    const path = join(folder, 'of', 'faults.json');
    const contents = Array.from({ length: 20 }, (_, of) => ({ of, text: 'x'.repeat(10_000) }));
    await Promise.all(contents.map((content) => replaceFile(path, content)));
    expect(contents).to.deep.include(JSON.parse(readFileSync(path, 'utf8')));
    expect(readdirSync(join(folder, 'of'))).to.deep.equal(['faults.json']);
  });

  it('stays as it was where it cannot be replaced, and nothing lies beside it', async () => {
    const path = join(folder, 'faults.json');
    await replaceFile(path, { faults: [] });
    const circular: { of?: object } = {};
    circular.of = circular;
    const refused = await replaceFile(path, circular).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(TypeError);
    expect(readFileSync(path, 'utf8')).to.equal('{"faults":[]}');
    expect(readdirSync(folder)).to.deep.equal(['faults.json']);
  });
});
