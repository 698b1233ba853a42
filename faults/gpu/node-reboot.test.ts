import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ClusterNode } from '../../clusters/port.ts';
import { takeBack } from '../command-undo.ts';
import { marksLeft, runnerFor } from '../marks.ts';
import { nodeReboot } from './node-reboot.ts';

describe('what the journal has of a reboot', () => {
  let folder: string;
  let state: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-power-'));
    state = join(folder, 'state');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const recordOf = (orders: boolean) => {
    const node: ClusterNode = {
      ...{ name: 'w1', role: 'worker', stateDir: undefined, kubeletDirs: undefined },
      exec: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
      restartKubelet: async () => undefined,
      power: {
        off: () => writeFile(state, 'exited'),
        on: () => writeFile(state, 'running'),
        ...(orders && {
          orders: { look: ['cat', state], down: 'exited', on: ['cp', join(folder, 'booted'), state] },
        }),
      },
    };
    const at = { node, resource: 'nvidia.com/gpu', devices: 4 };
    const gpu = () => {
      throw new Error('the plugin is not to be asked for');
    };
    return { node, record: nodeReboot('reboot-1', at, gpu).healRecord() };
  };

  it('switches a node on that a killed harness left off, once', async () => {
    await writeFile(join(folder, 'booted'), 'running');
    const { node, record } = recordOf(true);
    if (record.by !== 'commands') throw new Error(`it is healed by ${record.by}`);
    await node.power?.off();
    expect(await marksLeft(record)).to.deep.equal(['w1 is off']);
    for (const change of record.undo) await takeBack(change, runnerFor(change));
    expect(await readFile(state, 'utf8')).to.equal('running');
    expect(await marksLeft(record)).to.deep.equal([]);
  });

  it('leaves a node that runs as it is', async () => {
    await writeFile(state, 'running');
    const { record } = recordOf(true);
    if (record.by !== 'commands') throw new Error(`it is healed by ${record.by}`);
    // There is nothing that it could be switched on with: it would be an error to try.
    for (const change of record.undo) await takeBack(change, runnerFor(change));
    expect(await readFile(state, 'utf8')).to.equal('running');
  });

  it('has nothing to do for a node that ends with the harness', () => {
    expect(recordOf(false).record.by).to.equal('lifeline');
  });
});
