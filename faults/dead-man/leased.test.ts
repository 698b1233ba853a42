import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { addFault, readFaults, removeFault } from '../../clusters/gpu-node/control.ts';
import { Impairment } from '../../clusters/network/port.ts';
import type { Clock } from '../../harness/clock/clock.ts';
import type { HealRecord } from '../journal.ts';
import { addImpairment, asked, removeImpairment } from '../network/impairments.ts';
import type { FaultContext } from '../port.ts';
import { arm } from './arm.ts';

describe('a request that lapses by itself', () => {
  let folder: string;
  let now: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'leased-test-'));
    now = 1_000;
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const armed = (record: HealRecord) => {
    const clock = { wall: () => now } as Clock;
    return arm('f', record, { clock, leaseMs: 100, deadlineWall: 1_250, runId: 'r' } as FaultContext);
  };

  const at = (stateDir: string) => ({ name: 'a', stateDir });
  const cases = {
    'of a relay': {
      record: (): HealRecord => ({ by: 'impairment', file: join(folder, 'impairments'), id: 'f' }),
      ask: (untilWall: number) =>
        addImpairment(join(folder, 'impairments'), Impairment.parse({ id: 'f', untilWall })),
      take: () => removeImpairment(join(folder, 'impairments'), 'f'),
      until: async () => (await asked(join(folder, 'impairments'))).map(({ untilWall }) => untilWall),
    },
    'of a fake GPU node': {
      record: (): HealRecord => ({ by: 'gpu-knobs', fault: 'f', nodes: [at(folder)] }),
      ask: (untilWall: number) =>
        addFault(at(folder), { id: 'f', kind: 'bind-delay', extraMs: 1, untilWall }),
      take: () => removeFault(at(folder), 'f'),
      until: async () => (await readFaults(at(folder))).map(({ untilWall }) => untilWall),
    },
  };

  for (const [name, { ask, record, take, until }] of Object.entries(cases)) {
    it(`is renewed by a lease at a time, and not beyond the run’s deadline, ${name}`, async () => {
      const deadMan = await armed(record());
      await ask(1_100);
      now = 1_090;
      await deadMan.renew();
      expect(await until()).to.deep.equal([1_190]);
      now = 1_180;
      await deadMan.renew();
      expect(await until()).to.deep.equal([1_250]);
      expect(deadMan.fired).to.equal(undefined);
      now = 1_251;
      await deadMan.renew();
      expect(await until()).to.deep.equal([1_250]);
      expect(deadMan.fired).to.match(/lapsed/);
    });

    it(`that has lapsed is not brought back, ${name}`, async () => {
      const deadMan = await armed(record());
      await ask(1_100);
      now = 1_101;
      await deadMan.renew();
      expect(await until()).to.deep.equal([1_100]);
      expect(deadMan.fired).to.match(/lapsed/);
    });

    it(`that was taken back is not brought back, also with both at once, ${name}`, async () => {
      const deadMan = await armed(record());
      await ask(1_100);
      await Promise.all([deadMan.renew(), take(), deadMan.renew()]);
      expect(await until()).to.deep.equal([]);
      expect(deadMan.fired).to.equal(undefined);
    });
  }
});
