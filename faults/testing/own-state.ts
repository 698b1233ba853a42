import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives each test of the suite that calls it a state folder, and with it a journal, of its own. */
export function ownState() {
  let folder: string;
  let before: string | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'faults-test-'));
    before = process.env.XDG_STATE_HOME;
    process.env.XDG_STATE_HOME = folder;
  });

  afterEach(() => {
    if (before === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = before;
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    get folder(): string {
      return folder;
    },
    /** The files of what is journalled now. */
    journalled(): string[] {
      const journal = join(folder, 'ordeal', 'journal');
      return existsSync(journal) ? readdirSync(journal) : [];
    },
  };
}
