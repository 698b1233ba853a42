import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { bornAt, isAlive, stillRuns, thisProcess } from './born-at.ts';

describe('a process that was written down', () => {
  it('is gone once it has ended, also before its parent has looked', function () {
    if (!existsSync('/proc/self/stat')) this.skip();
    expect(isAlive(thisProcess())).to.equal(true);
    const { pid = 0 } = spawn(process.execPath, ['--eval', '0']);
    const born = bornAt(pid);
    expect(born).to.not.equal(undefined);
    // Without a turn of this process's loop, in which it would look.
    const until = performance.now() + 15_000;
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
      expect(performance.now()).to.be.below(until);
    expect(isAlive({ pid, born })).to.equal(false);
    expect(stillRuns(`${pid}.${born}`)).to.equal(false);
  });
});
