import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ordeal, outFolder } from './testing/command.ts';

/** By the command itself; what else may stand in them is tried in process, a thousand times and more. */
describe('a hostile file that the command is given', function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(() => {
    folder = outFolder();
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is refused with exit 3 and its path, without a stack, and starts nothing', async () => {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const past = join(folder, 'past');
    mkdirSync(past);
    writeFileSync(join(past, 'events.jsonl'), '{"seq":0,"__proto__":{}}\n\0\n');
    writeFileSync(join(past, 'plan.yaml'), 'suites: [{name: gpu}]\n');
    const out = join(folder, 'out');
    const commands = [
      ['run', '--plan', file('plan.yaml', `level: ${'['.repeat(5_000)}`), '--out', out],
      ['run', '--plan', file('bomb.yaml', 'a: &a [1, 1]\nb: &b [*a, *a]\nsuites: [*b, *b]\n'), '--out', out],
      ['allow', '--context', 'x', '--kubeconfig', file('config', 'clusters: {0: [null]}\nusers: 7\n')],
      ['report', past],
    ];
    const ended = await Promise.all(commands.map((argv) => ordeal(...argv)));
    for (const { code, output } of ended) {
      expect(code, output).to.equal(3);
      expect(output).to.match(/plan\.yaml|bomb\.yaml|config|events\.jsonl:1/);
      expect(output).to.not.match(/\n\s+at .*:\d+/);
    }
    expect(existsSync(out)).to.equal(false);
  });
});
