import { expect } from 'chai';
import { EDGE_KINDS } from './edge-kinds.ts';
import { GPU_KINDS } from './gpu-kinds.ts';
import { writtenVariation } from './variations.ts';

/** Each kind alone, and some with another besides. */
const RUNS = 35;

describe('a sound cluster', function () {
  this.timeout(60_000);

  it('is certified in whichever way it differs from most', async () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < RUNS; seed++) {
      const variation = writtenVariation(seed);
      kinds.add(variation.kind);
      const { said, verdict } = await variation.judged();
      expect(verdict, `${variation.kind}, seed ${seed}: ${said}`).to.equal('pass');
    }
    for (const kind of [...Object.keys(GPU_KINDS), ...Object.keys(EDGE_KINDS)])
      expect([...kinds]).to.include(kind);
  });
});
