import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { abandoned, noteTaken } from './taken.ts';

describe('notes of clusters that are worked on', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'taken-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are for who cleans where their harness is gone, and where nobody can read whose they are', () => {
    const forget = noteTaken({ runId: 'r', context: 'c', kubeconfig: '/k', uid: 'u', nodes: [] }, folder);
    expect(abandoned(folder)).to.deep.equal([]);
    writeFileSync(join(folder, 'torn.json'), '{"runId":');
    const torn = { path: join(folder, 'torn.json'), taken: undefined };
    expect(abandoned(folder)).to.deep.equal([torn]);
    forget();
    expect(abandoned(folder)).to.deep.equal([torn]);
  });

  it('are nobody’s where they were forgotten since they were listed', () => {
    // A name without a file, as it is to who has listed the folder a moment before.
    symlinkSync(join(folder, 'gone'), join(folder, 'r.json'));
    expect(abandoned(folder)).to.deep.equal([]);
  });
});
