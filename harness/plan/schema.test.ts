import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { z } from 'zod';
import { Plan } from './schema.ts';

describe('the plan’s JSON Schema', () => {
  it('is what plan.schema.json publishes: ordeal plan schema > harness/plan/plan.schema.json', () => {
    const published = readFileSync(new URL('plan.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).to.deep.equal(
      JSON.parse(JSON.stringify(z.toJSONSchema(Plan, { io: 'input' }))),
    );
  });
});
