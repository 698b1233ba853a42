import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { REDACTED } from '../harness/redact/redactor.ts';
import { ordeal, outFolder } from './testing/command.ts';

const SECRET = 'planted+4f52/secret';

describe('a run that is told secrets', function () {
  this.timeout(300_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
    process.env.PLANTED_TOKEN = SECRET;
  });

  afterEach(() => {
    delete process.env.PLANTED_TOKEN;
    rmSync(out, { recursive: true, force: true });
  });

  it('says and leaves none of them, in whatever it writes', async () => {
    const skip = `the key ${SECRET} and Bearer abcdefgh12345678 are nobody’s business`;
    const { code, output } = await ordeal(
      ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', out],
      ...['--set', `requirements.GPU-7.skip=${skip}`],
    );
    expect(code, output).to.equal(0);
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const texts = files.map(({ name, parentPath }) => readFileSync(join(parentPath, name), 'utf8'));
    const told = texts.filter((text) => text.includes('nobody’s business') && text.includes(REDACTED));
    // The plan, the history, the verdict, and reports of several formats have the sentence.
    expect(told.length).to.be.at.least(5);
    for (const text of [output, ...texts]) {
      expect(text).to.not.include(SECRET);
      expect(text).to.not.include('abcdefgh12345678');
    }
    const again = await ordeal('report', out);
    expect(again.code, again.output).to.equal(0);
    expect(again.output).to.not.include(SECRET);
  });
});
