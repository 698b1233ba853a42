import { expect } from 'chai';
import { isHeld, judgedHistory, type Refusal } from './mutant.ts';
import { plantBench, plantDay } from './plant.ts';
import { plantMutants } from './plants.ts';
import { runMutants } from './runs.ts';

describe('broken parts', function () {
  this.timeout(400_000);
  const chosen = [...runMutants, ...plantMutants].filter(({ quick }) => quick);
  const refusals = new Map<string, Promise<Refusal>>();
  let sound: Promise<Refusal>;

  // They wait more than they work.
  before(() => {
    sound = plantDay().then((history) => judgedHistory(history, plantBench()));
    for (const { judged, name } of chosen) {
      const refusal = judged();
      // Whoever asks for it hears of it.
      refusal.catch(() => undefined);
      refusals.set(name, refusal);
    }
    sound.catch(() => undefined);
  });

  for (const mutant of chosen) {
    const { name, part, refusedBy } = mutant;
    it(`${part} that ${name} is refused by ${refusedBy.join(' and ')}`, async () => {
      const refusal = (await refusals.get(name)) as Refusal;
      expect(isHeld(mutant, refusal), `${refusal.verdict} by ${refusal.by.join()}: ${refusal.said}`).to.equal(
        true,
      );
    });
  }

  it('are all that is refused: a sound plant is certified', async () => {
    expect(await sound).to.deep.include({ verdict: 'pass', by: [] });
  });
});
