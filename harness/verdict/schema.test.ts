import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { verdictJsonSchema } from './schema.ts';

describe('verdictJsonSchema', () => {
  it('is what verdict.schema.json publishes', () => {
    const published = readFileSync(new URL('verdict.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).to.deep.equal(verdictJsonSchema());
  });
});
