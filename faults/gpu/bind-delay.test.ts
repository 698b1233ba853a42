import { expect } from 'chai';
import { extraMs } from './bind-delay.ts';

describe('the delay of a bind', () => {
  it('is what it is told, or what a start’s share lacks', () => {
    expect(extraMs({ extra: 700 }, 1_000, 250)).to.equal(700);
    expect(extraMs({ startLatencies: 0.3 }, 2_000, 250)).to.equal(350);
  });

  it('is there where a start is quick, unless none is asked for', () => {
    expect(extraMs({ startLatencies: 0.3 }, 778, 250)).to.equal(50);
    expect(extraMs({ startLatencies: 0 }, 778, 250)).to.equal(0);
  });

  it('in proportion to a very slow start stays within the time that an association is given', () => {
    expect(extraMs({ startLatencies: 0.3 }, 60_000, 250)).to.equal(3_000);
  });
});
