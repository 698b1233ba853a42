import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Command } from 'commander';
import { run } from '../exec/exec.ts';
import { completion, SHELLS } from './completion.ts';
import { EXAMPLES } from './examples.ts';
import { commandLineOf, refusalOf } from './testing/refusal.ts';

/** Names of every command that does something. */
function leavesOf(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')];
  return command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]));
}

describe('the command line', () => {
  it('shows each command by examples, and takes each of them', async () => {
    expect(Object.keys(EXAMPLES).sort()).to.deep.equal(leavesOf(commandLineOf([])).sort());
    for (const [command, examples] of Object.entries(EXAMPLES)) {
      for (const example of examples) {
        const [, line = ''] = /(?:^|\()ordeal ([^)>]*)/.exec(example) ?? [];
        expect(line.startsWith(command), example).to.equal(true);
        expect(await refusalOf(line.trim().split(' ')), example).to.equal(undefined);
      }
    }
  });

  it('refuses a command, an option or a value that there is not', async () => {
    expect(await refusalOf(['walk'])).to.match(/unknown command 'walk'/);
    expect(await refusalOf(['run', '--fast'])).to.match(/unknown option '--fast'/);
    expect(await refusalOf(['run', '--level', 'high'])).to.match(
      /Allowed choices are smoke, standard, release/,
    );
    expect(await refusalOf(['verify', 'out'])).to.match(/required option '--key <file>'/);
  });
});

describe('a command whose reader has gone', () => {
  it('goes on to its end, and says nothing of it', async () => {
    const ordeal = spawn(process.execPath, ['ordeal.mjs', 'plan', 'schema'], { stdio: 'pipe' });
    ordeal.stdout.destroy();
    let told = '';
    ordeal.stderr.on('data', (part) => {
      told += part;
    });
    const [code] = await once(ordeal, 'close');
    expect({ code, told }).to.deep.equal({ code: 0, told: '' });
  });
});

describe('completion', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'ordeal-completion-'));
    const values = { '--cluster': ['embedded', 'kind'], '--suite': ['gpu', 'edge'] };
    for (const shell of SHELLS) writeFileSync(join(dir, shell), completion(commandLineOf([]), shell, values));
  });
  after(() => rmSync(dir, { recursive: true }));

  /** What bash offers for the last of these words, split as bash splits them. */
  async function offered(...words: string[]): Promise<string[]> {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ordeal; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run(['bash', '-c', script, 'bash', join(dir, 'bash'), 'ordeal', ...words]);
    return stdout.split('\n').filter(Boolean);
  }

  it('in a real bash offers commands, their commands, options and values', async () => {
    expect(await offered('')).to.include.members(['run', 'gate', 'plan', 'completion']);
    expect(await offered('g')).to.deep.equal(['gate']);
    expect(await offered('plan', '')).to.deep.equal(['init', 'validate', 'explain', 'schema']);
    expect(await offered('plan', 'init', '--su')).to.deep.equal(['--suite']);
    expect(await offered('run', '--lev')).to.deep.equal(['--level']);
    expect(await offered('run', '--level', '')).to.deep.equal(['smoke', 'standard', 'release']);
    expect(await offered('run', '--level', '=', 's')).to.deep.equal(['smoke', 'standard']);
    expect(await offered('run', '--level', '=')).to.deep.equal(['smoke', 'standard', 'release']);
    expect(await offered('run', '-q', '--suite', 'gpu', '--cluster', 'k')).to.deep.equal(['kind']);
    expect(await offered('completion', '')).to.deep.equal([...SHELLS]);
  });

  it('in a real bash leaves to files what is a path or free, and what it does not know', async () => {
    for (const words of [
      ['run', '--plan', ''],
      ['report', ''],
      ['gate', 'out', ''],
      ['walk', '--'],
    ])
      expect(await offered(...words), words.join(' ')).to.deep.equal(
        words[0] === 'walk' ? ['--version', '--help'] : [],
      );
    const { stdout } = await run([
      'bash',
      '-c',
      'source "$1"; complete -p ordeal',
      'bash',
      join(dir, 'bash'),
    ]);
    expect(stdout.trim()).to.equal('complete -o default -F _ordeal ordeal');
  });
});
