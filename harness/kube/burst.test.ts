import { expect } from 'chai';
import { burst, burstOrThrow } from './burst.ts';

describe('a burst of requests', () => {
  const tried: number[] = [];
  const request = async (item: number) => {
    tried.push(item);
    if (item % 2 === 0) throw new Error(`refused ${item}`);
    return item * 10;
  };

  beforeEach(() => {
    tried.length = 0;
  });

  it('tries all, and has each outcome in its item’s place', async () => {
    const outcomes = await burst([1, 2, 3], request, 1);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(tried).to.deep.equal([1, 2, 3]);
  });

  it('throws what the first that was refused came to, once all were tried, for who needs every one', async () => {
    const refused = await burstOrThrow([1, 2, 3, 4], request, 1).catch((error: Error) => error);
    expect(refused).to.have.property('message', 'refused 2');
    expect(tried).to.deep.equal([1, 2, 3, 4]);
    expect(await burstOrThrow([1, 3], request)).to.deep.equal([10, 30]);
  });
});
