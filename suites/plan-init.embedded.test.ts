import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { parsePlan } from '../harness/plan/load.ts';
import { ordeal, outFolder } from './testing/command.ts';

const COMMAND = join(import.meta.dirname, '..', 'ordeal.mjs');

describe('`ordeal plan init`', () => {
  let out: string;
  beforeEach(() => {
    out = outFolder();
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  /** On a terminal of its own (util-linux’s `script`), answered as the questions come. */
  async function onTerminal(answers: readonly string[]): Promise<{ code: number | null; said: string }> {
    const command = `'${process.execPath}' '${COMMAND}' plan init`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: out });
    let said = '';
    let given = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const asked = said.match(/^.*: (?=$|\S)/gm)?.length ?? 0;
      while (given < Math.min(asked, answers.length)) child.stdin.write(answers[given++] as string);
    });
    const code = await new Promise<number | null>((done) => child.once('close', done));
    return { code, said };
  }

  it('asks on a terminal, again where an answer will not do, and writes what was answered', async () => {
    const answers = ['gpu', 'incident', 'high', 'smoke', 'kind', '1.27.3', '2', 'mine.yaml'];
    const { code, said } = await onTerminal(answers.map((answer) => `${answer}\r`));
    expect(code, said).to.equal(0);
    expect(said).to.contain('expected one of smoke, standard, release');
    const text = readFileSync(join(out, 'mine.yaml'), 'utf8');
    const plan = parsePlan(text, 'reading what was written');
    expect(plan).to.deep.include({ profile: 'incident', level: 'smoke' });
    expect(plan.cluster).to.deep.include({ provider: 'kind', kubernetes: '1.27.3', workers: 2 });
    expect(plan.suites.map(({ name }) => name)).to.deep.equal(['gpu']);
  });

  it('writes nothing where the answers end', async () => {
    const { code, said } = await onTerminal(['gpu\r', '\x03']);
    expect(code, said).to.equal(130);
    expect(said).to.contain('INTERRUPTED');
    expect(existsSync(join(out, 'plan.yaml'))).to.equal(false);
  });

  it('asks nothing without a terminal, gives the schema’s address, and writes over no plan', async () => {
    const file = join(out, 'plan.yaml');
    const { code, output } = await ordeal(
      'plan',
      'init',
      '--suite',
      'edge',
      '--level',
      'release',
      '--out',
      file,
    );
    expect(code, output).to.equal(0);
    const text = readFileSync(file, 'utf8');
    expect(parsePlan(text, 'reading what was written')).to.include({ profile: 'hardened', level: 'release' });
    const [, address = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    const schema = JSON.parse(readFileSync(resolve(dirname(file), address), 'utf8'));
    expect(Object.keys(schema.properties)).to.include.members(['cluster', 'suites', 'requirements']);
    const again = await ordeal('plan', 'init', '--yes', '--out', file);
    expect(again.code).to.equal(3);
    expect(again.output).to.match(/PLAN_NOT_WRITTEN.*EEXIST/);
    expect(readFileSync(file, 'utf8')).to.equal(text);
  });
});
