import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { EXIT } from '../errors/error.ts';
import { faultHeal } from './faults.ts';
import type { Parts } from './parts.ts';

describe('ordeal fault heal', () => {
  for (const [how, listedAfter] of [
    ['healed it', false],
    ['left it to the journal', true],
  ] as const) {
    it(`heals what a command held that ended since it was listed, and ${how}`, async () => {
      const command = spawn(process.execPath, ['--eval', '0']);
      await once(command, 'exit');
      const fault = { id: 'by-hand-r/f', kind: 'k', held: true, byHand: true, pid: command.pid as number };
      const looks = [[fault], listedAfter ? [{ ...fault, held: false }] : []];
      let journalHealed = false;
      const parts = {
        faults: async () => ({ held: () => looks.shift() }),
        healJournal: async () => {
          journalHealed = true;
          return [];
        },
      } as unknown as Parts;
      expect(await faultHeal(parts, [fault.id])).to.equal(EXIT.certified);
      expect(journalHealed).to.equal(true);
    });
  }
});
