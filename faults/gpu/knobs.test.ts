import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ClusterNode } from '../../clusters/port.ts';
import type { History } from '../../harness/history/event.ts';
import { GpuKnobs } from './knobs.ts';

describe('a fault of a fake GPU node', () => {
  let stateDir: string;
  let knobs: GpuKnobs<'bind-delay'>;

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'knobs-test-'));
    const nodes = [{ name: 'a', stateDir } as ClusterNode];
    knobs = new GpuKnobs('f', 'bind-delay', { extraMs: 1 }, nodes, 'nvidia.com/gpu');
  });

  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

  const history = (...lines: [string, string?, string?][]) =>
    lines.map(([type, id = 'f', node = 'a']) => ({
      type: `ledger.${type}`,
      source: `node/${node}`,
      body: type === 'agent.started' ? { node } : { id },
    })) as unknown as History;

  it('stands from when its node says that it applies it until it says that it is lifted', () => {
    expect(knobs.lifted(history(['fault.applied'])).seen).to.equal(false);
    expect(knobs.lifted(history(['fault.applied'], ['fault.lifted']))).to.deep.include({ seen: true });
    // What others say, and of others, says nothing.
    const others = history(['fault.applied'], ['fault.lifted', 'g'], ['fault.lifted', 'f', 'b']);
    expect(knobs.lifted(others).seen).to.equal(false);
  });

  it('is applied by a node once, however often its agent has started meanwhile', () => {
    const twice = history(
      ['fault.applied'],
      ['agent.started'],
      ['fault.applied'],
      ['fault.applied', 'g', 'b'],
    );
    expect([...knobs.said(twice, 'fault.applied')]).to.deep.equal(['node/a']);
  });

  it('is gone with an agent that was started again without it, and not with one that applies it anew', () => {
    const again = history(['fault.applied'], ['agent.started']);
    expect(knobs.lifted(again)).to.deep.equal({ seen: true, evidence: 'lifted on 1 nodes' });
    const anew = history(['fault.applied'], ['agent.started'], ['fault.applied']);
    expect(knobs.lifted(anew).seen).to.equal(false);
  });

  it('has vanished with its node', () => {
    rmSync(stateDir, { recursive: true });
    expect(knobs.lifted(history(['fault.applied']))).to.include({ seen: true, vanished: true });
  });
});
