import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Cluster } from '../clusters/port.ts';
import { systemClock } from '../harness/clock/clock.ts';
import { waitFor } from '../harness/clock/wait-for.ts';
import { memoryRecorder } from '../harness/history/writer.ts';
import { reach } from '../harness/radius/reach.ts';
import { WATCH } from './dead-man/watch.ts';
import { healJournal, journal } from './journal.ts';
import type { Fault, FaultContext } from './port.ts';
import { ownState } from './testing/own-state.ts';
import { within } from './testing/within.ts';
import { FaultKeeper } from './wrapper.ts';

const REACH = reach({ nodes: ['a'] });

describe('a held fault', () => {
  const state = ownState();
  const setting = (abort = new AbortController()) => {
    const recorder = memoryRecorder(systemClock);
    const context: FaultContext = {
      cluster: { nodes: [] as Cluster['nodes'] } as Cluster,
      recorder,
      clock: systemClock,
      signal: abort.signal,
      runId: 'r',
      radius: within({ reach: REACH }),
      deadlineWall: systemClock.wall() + 60_000,
      // A dead-man that is left the fault looks after it for another one.
      leaseMs: 3_000,
    };
    return {
      recorder,
      keeper: new FaultKeeper(context),
      types: () => recorder.events.map(({ type }) => type),
    };
  };

  /** A fault on a switch, with what it was asked in order. */
  const switchFault = (more: Partial<Fault> = {}) => {
    const calls: string[] = [];
    let on = false;
    const fault: Fault = {
      id: 'f-1',
      kind: 'test/switch',
      target: 'switch',
      reach: REACH,
      mechanisms: ['a switch'],
      capability: async () => ({ ok: true, mechanism: 'a switch' }),
      healRecord: () => ({ by: 'namespace', namespace: 'n', cluster: 'c' }),
      inject: async () => {
        calls.push(`inject with ${state.journalled().length} journalled`);
        on = true;
      },
      bite: async () => ({ seen: on, evidence: 'on' }),
      heal: async () => {
        calls.push('heal');
        on = false;
      },
      gone: async () => ({ seen: !on, evidence: on ? 'on' : 'off' }),
      ...more,
    };
    return { fault, calls };
  };
  const options = { biteDeadlineMs: 30, goneDeadlineMs: 30, pollMs: 5 };

  it('is journalled before it is injected, bites, is healed, and leaves the journal empty', async () => {
    const { keeper, types } = setting();
    const { fault, calls } = switchFault();
    await keeper.hold(fault, async () => void calls.push('work'), options);
    expect(calls).to.deep.equal(['inject with 1 journalled', 'work', 'heal']);
    expect(types()).to.deep.equal([
      'fault.injecting',
      'fault.injected',
      'fault.bit',
      'fault.healing',
      'fault.healed',
    ]);
    expect(state.journalled()).to.deep.equal([]);
  });

  it('is not injected, nor the work done, without the capability', async () => {
    const { keeper, types } = setting();
    const { fault, calls } = switchFault({ capability: async () => ({ ok: false, reason: 'no switch' }) });
    await keeper.hold(fault, async () => void calls.push('work'), options);
    expect(calls).to.deep.equal([]);
    expect(types()).to.deep.equal(['fault.refused']);
  });

  it('is not injected where the journal cannot be written', async () => {
    process.env.XDG_STATE_HOME = '/dev/null';
    const { keeper } = setting();
    const { fault, calls } = switchFault();
    const outcome = await keeper.hold(fault, async () => {}, options).catch((error) => error);
    expect(outcome).to.include({ code: 'JOURNAL_UNWRITABLE', exit: 4 });
    expect(calls).to.deep.equal([]);
  });

  it('is healed when the injection breaks half way, when the work throws, and when the run is interrupted', async () => {
    const abort = new AbortController();
    const halfWay = switchFault({ inject: async () => Promise.reject(new Error('half way')) });
    const thrown = switchFault();
    const interrupted = switchFault();
    const failure = async (fault: Fault, work: () => Promise<void>) =>
      await setting(abort)
        .keeper.hold(fault, work, options)
        .catch((error: Error) => error.message);
    expect(await failure(halfWay.fault, async () => {})).to.equal('half way');
    expect(await failure(thrown.fault, async () => Promise.reject(new Error('work')))).to.equal('work');
    abort.abort(new Error('SIGINT'));
    expect(await failure(interrupted.fault, async () => abort.signal.throwIfAborted())).to.equal('SIGINT');
    for (const { calls } of [halfWay, thrown, interrupted]) expect(calls.at(-1)).to.equal('heal');
    expect(state.journalled()).to.deep.equal([]);
  });

  it('of a kernel is left to its dead-man where the history can take no more', async () => {
    const { keeper, recorder } = setting();
    const file = join(state.folder, 'mark');
    const undo = { machine: [], enter: [], look: ['cat', file], mark: 'on', undo: ['rm', file] };
    const { fault } = switchFault({
      healRecord: () => ({ by: 'commands', undo: [{ what: 'a file', ...undo }] }),
      inject: async () => writeFileSync(file, 'on'),
    });
    const record = recorder.record.bind(recorder);
    recorder.record = (source, type, body) => {
      if (type === 'fault.healing') throw new Error('no space left on device');
      return record(source, type, body);
    };
    const error = await keeper.hold(fault, async () => {}, options).catch((caught) => caught);
    expect(error.message).to.equal('no space left on device');
    await waitFor(() => !existsSync(file), { what: 'the dead-man’s heal', deadlineMs: 5_000 });
    expect(state.journalled()).to.have.length(1);
  });

  it('says that it did not bite, and that it was not healed; an unhealed one stays in the journal', async () => {
    const { keeper, recorder } = setting();
    const { fault } = switchFault({
      bite: async () => ({ seen: false, evidence: 'nothing moved' }),
      gone: async () => ({ seen: false, evidence: 'still on' }),
    });
    await keeper.hold(fault, async () => {}, options);
    const last = (type: string) => recorder.events.find((event) => event.type === type)?.body;
    expect(last('fault.bit')).to.include({ bit: false, evidence: 'nothing moved' });
    expect(last('fault.healed')).to.include({ healed: false, evidence: 'still on' });
    expect(state.journalled()).to.have.length(1);
  });

  it('has its target for itself', async () => {
    const { keeper } = setting();
    const outer = switchFault();
    const inner = switchFault({ id: 'f-2' });
    const error = await keeper
      .hold(outer.fault, () => keeper.hold(inner.fault, async () => {}), options)
      .catch((caught) => caught);
    expect(error).to.include({ code: 'FAULT_INJECTED_TWICE', exit: 5 });
    expect(inner.calls).to.deep.equal([]);
    expect(outer.calls.at(-1)).to.equal('heal');
  });

  it('of a living run is left alone by clean', async () => {
    journal({ run: 'r', fault: 'f', kind: 'k', record: { by: 'namespace', namespace: 'n', cluster: 'c' } });
    expect(await healJournal()).to.deep.equal([]);
    expect(state.journalled()).to.have.length(1);
  });

  describe('that a run has left in the journal', () => {
    const record = { by: 'namespace', namespace: 'n', cluster: 'c' } as const;
    const entry = () => join(state.folder, 'ordeal', 'journal', 'r-f.json');
    const watches: ChildProcess[] = [];
    afterEach(() => {
      for (const watch of watches.splice(0)) watch.kill('SIGKILL');
    });
    const rewritten = (more: object) => {
      journal({ run: 'r', fault: 'f', kind: 'k', record });
      const { born: _, ...rest } = JSON.parse(readFileSync(entry(), 'utf8'));
      writeFileSync(entry(), JSON.stringify({ ...rest, ...more }));
    };

    it('is healed where another process has the run’s PID by now', async () => {
      rewritten({ born: '1' });
      expect(await healJournal()).to.deep.equal(['fault k of run r']);
      expect(state.journalled()).to.deep.equal([]);
    });

    it('is left to a living one also where nothing tells when that was born', async () => {
      rewritten({});
      expect(await healJournal()).to.deep.equal([]);
      expect(state.journalled()).to.have.length(1);
    });

    it('takes the dead-man with it that watches it, and none that another journal counts on', async () => {
      const watching = (owner: string, fault: string) => {
        const child = spawn('bash', ['-c', 'read', WATCH, owner, fault], {
          stdio: ['pipe', 'ignore', 'ignore'],
        });
        watches.push(child);
        return child;
      };
      const ours = watching(`${process.pid}.1`, 'r/f');
      // Its run is as dead, and only who has its journal can do its work.
      const others = [watching(`${process.pid}.2`, 'r/f'), watching(`${process.pid}.1`, 'r/g')];
      await Promise.all(watches.map((watch) => once(watch, 'spawn')));
      rewritten({ born: '1' });
      await healJournal();
      await once(ours, 'exit');
      expect(ours.signalCode).to.equal('SIGKILL');
      for (const other of others) {
        other.stdin?.end();
        await once(other, 'exit');
        expect(other.signalCode).to.equal(null);
      }
    });

    it('is healed by one of two who clean at once, and the other goes on', async () => {
      const folder = join(state.folder, 'ordeal', 'journal');
      // Each takes the other’s entry away while it is healed, as somebody who is a little ahead.
      for (const [fault, other] of [
        ['a', 'b'],
        ['b', 'a'],
      ] as const) {
        const there = join(folder, `r-${other}.json`);
        const undo = { machine: [], enter: [], look: ['ls', there], mark: other, undo: ['rm', there] };
        journal({ run: 'r', fault, kind: 'k', record: { by: 'commands', undo: [{ what: 'it', ...undo }] } });
      }
      for (const name of state.journalled()) {
        const entry = JSON.parse(readFileSync(join(folder, name), 'utf8'));
        writeFileSync(join(folder, name), JSON.stringify({ ...entry, born: '1' }));
      }
      expect(await healJournal()).to.deep.equal(['fault k of run r']);
      expect(state.journalled()).to.deep.equal([]);
    });

    it('is named where it cannot be read, and the others are healed', async () => {
      rewritten({ born: '1' });
      for (const [name, text] of Object.entries({ torn: '{"run":', other: '{"run":"r"}' })) {
        writeFileSync(join(state.folder, 'ordeal', 'journal', `${name}.json`), text);
      }
      const error = await healJournal().catch((caught) => caught);
      expect(error).to.include({ code: 'FAULTS_NOT_HEALED', exit: 4 });
      expect(error.seen)
        .to.match(/torn\.json is no entry/)
        .and.match(/other\.json is no entry/);
      expect(state.journalled().sort()).to.deep.equal(['other.json', 'torn.json']);
    });
  });
});
