import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../harness/clock/wait-for.ts';
import { bornAt, processName } from '../harness/exec/born-at.ts';
import { run } from '../harness/exec/exec.ts';
import { readFaults } from './gpu-node/control.ts';
import { gpuNodeFiles } from './gpu-node/layout.ts';
import { inTurn } from './in-turn.ts';

const moduleOf = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

describe('what is read and replaced in turn', function () {
  this.timeout(60_000);
  let folder: string;
  let sleeper: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'turn-test-'));
  });
  afterEach(() => {
    sleeper?.kill('SIGKILL');
    sleeper = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  const left = () => readdirSync(folder).filter((name) => name.includes('.turn-'));

  it('a GPU node’s faults: several processes lose none of one another’s', async () => {
    const node = { name: 'a', stateDir: folder };
    const add = `
      const { addFault, removeFault } = await import(${moduleOf('./gpu-node/control.ts')});
      const [stateDir, name] = process.argv.slice(1);
      for (let i = 0; i < 50; i++) {
        const id = name + '-' + i;
        await addFault({ name: 'a', stateDir }, { id, kind: 'bind-delay', extraMs: 1, untilWall: 1 });
        if (i % 2 === 1) await removeFault({ name: 'a', stateDir }, id);
      }`;
    const names = ['p', 'q', 'r'];
    // As its agent has made it.
    mkdirSync(gpuNodeFiles(folder).root);
    await Promise.all(
      names.map((name) =>
        run([process.execPath, '--import', 'tsx', '--input-type=module', '-e', add, folder, name]),
      ),
    );
    const expected = names.flatMap((name) => Array.from({ length: 25 }, (_, i) => `${name}-${2 * i}`));
    expect((await readFaults(node)).map(({ id }) => id)).to.have.members(expected);
  });

  it('passes over who was killed meanwhile, and takes away what he left', async function () {
    if (!existsSync('/proc/self/stat')) this.skip();
    const path = join(folder, 'faults.json');
    sleeper = spawn('sleep', ['60']);
    const { pid = 0 } = sleeper;
    const born = bornAt(pid);
    sleeper.kill('SIGKILL');
    await once(sleeper, 'exit');
    for (const number of [0, 7]) writeFileSync(`${path}.turn-${number}-${pid}.${born}`, '');
    expect(await inTurn(path, async () => 'done')).to.equal('done');
    expect(left()).to.deep.equal([]);
  });

  it('waits for who lives and is before it', async function () {
    if (!existsSync('/proc/self/stat')) this.skip();
    const path = join(folder, 'faults.json');
    sleeper = spawn('sleep', ['60']);
    const { pid = 0 } = sleeper;
    const before = `${path}.turn-1-${processName({ pid, born: bornAt(pid) })}`;
    writeFileSync(before, '');
    let done = false;
    const turn = inTurn(path, async () => {
      done = true;
    });
    await waitFor(() => left().some((name) => name.includes('.turn-2-')), {
      what: 'the number of who waits',
      deadlineMs: 10_000,
      intervalMs: 5,
    });
    expect(done).to.equal(false);
    rmSync(before);
    await turn;
    expect(left()).to.deep.equal([]);
  });

  it('leaves nothing where the work fails, nor where there is no such folder', async () => {
    const path = join(folder, 'faults.json');
    const failed = await inTurn(path, () => Promise.reject(new Error('no room'))).catch(
      (error: Error) => error,
    );
    expect(failed).to.have.property('message', 'no room');
    expect(await inTurn(join(folder, 'gone', 'faults.json'), async () => 'done')).to.equal('done');
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
