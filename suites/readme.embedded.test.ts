import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { refusalOf } from '../harness/cli/testing/refusal.ts';
import { run, tryRun } from '../harness/exec/exec.ts';
import { parsePolicy } from '../harness/gate/policy.ts';
import { parsePlan } from '../harness/plan/load.ts';
import { outFolder } from './testing/command.ts';

const ROOT = join(import.meta.dirname, '..');
/** In the order in which a newcomer reads them. */
const TEXTS = [
  'README.md',
  'reports/README.md',
  'suites/README.md',
  'faults/README.md',
  'clusters/README.md',
];

interface Block {
  at: string;
  lang: string;
  text: string;
  /** What runs it where this test does not. */
  marker: string | undefined;
}

const blocks = TEXTS.flatMap(blocksOf);
const commands = blocks.filter(({ lang }) => lang === 'sh' || lang === 'console');

function blocksOf(file: string): Block[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/^(?:<!-- run by (.*) -->\n)?```(.*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, marker, lang = '', body = ''] = match;
    return { at: `${file}:${text.slice(0, match.index).split('\n').length}`, lang, text: body, marker };
  });
}

/** As it is in a newcomer’s shell, whom no npm has started. */
function ownEnv(): NodeJS.ProcessEnv {
  const npms = Object.keys(process.env).filter((name) => /^npm_/i.test(name));
  return Object.fromEntries(npms.map((name) => [name, undefined]));
}

/** The suffix of a lane's test files is the lane's name. */
const laneOf = (path: string) => /\.(\w+)\.test\.ts$/.exec(path)?.[1] ?? 'unit';

describe('what README says', () => {
  it('is told of in a language that is known, for whoever checks it', () => {
    for (const { at, lang } of blocks) expect(['sh', 'console', 'yaml', 'ts', 'text'], at).to.include(lang);
    expect(commands).to.have.length.at.least(12);
  });

  it('is run below, or by a lane that there is, in a file that there is', () => {
    const lanes = [
      ...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^\| (\w+) \| `\*\.\S*test\.ts` \|/gm),
    ];
    const ci = readFileSync(join(ROOT, '.ci', 'run'), 'utf8');
    for (const { at, marker, text } of commands) {
      if (marker === undefined) continue;
      const paths = marker.match(/[\w./-]+\.test\.ts|\.ci\/run/g) ?? [];
      expect(paths, at).not.to.deep.equal([]);
      for (const path of paths) {
        expect(existsSync(join(ROOT, path)), `${at}: ${path}`).to.equal(true);
        if (path === '.ci/run') {
          for (const [line] of text.matchAll(/npm \w+|npx ordeal images build(?= )/g))
            expect(ci, at).to.contain(line);
        } else {
          expect(
            lanes.map(([, name]) => name),
            at,
          ).to.include(laneOf(path));
          expect(marker, at).to.contain(`${laneOf(path)}: `);
        }
      }
    }
  });

  it('is a command line that ordeal takes, wherever it runs', async () => {
    const shown = commands.flatMap(({ at, text }) =>
      text
        .split(/\n|&&/)
        .filter((line) => /^(\$ )?\s*npx ordeal\b/.test(line))
        .map((line) => ({
          at,
          words: line
            .trim()
            .split(/\s+/)
            .slice(line.startsWith('$') ? 3 : 2),
        })),
    );
    const told = TEXTS.flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/`ordeal ([a-z][^`]*)`/g)]
        .map(([, line = '']) => ({ at: `${file}: ${line}`, words: line.trim().split(/\s+/) }))
        // With something left out, or the name of a command and no command line.
        .filter(({ words }) => !words.includes('…') && words.some((word) => /^-|^[A-Z]/.test(word))),
    );
    expect(shown).to.have.length.at.least(15);
    expect(told).to.have.length.at.least(20);
    for (const { at, words } of [...shown, ...told]) expect(await refusalOf(words), at).to.equal(undefined);
  });

  it('leads to files and headings that there are', () => {
    const anchor = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-');
    for (const file of TEXTS) {
      for (const [, link = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/\]\(([^):]+)\)/g)) {
        const [path, heading] = link.split('#') as [string, string | undefined];
        const target = path === '' ? join(ROOT, file) : join(ROOT, dirname(file), path);
        expect(existsSync(target), `${file}: ${link}`).to.equal(true);
        if (heading === undefined) continue;
        const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
          anchor(text),
        );
        expect(headings, `${file}: ${link}`).to.include(heading);
      }
    }
  });

  it('is a plan, a part of one or a policy, where it is YAML of them', () => {
    for (const { at, lang, text } of blocks) {
      if (lang !== 'yaml' || /\buses:/.test(text)) continue;
      if (/^kind: GatePolicy$/m.test(text)) parsePolicy(text, at);
      else parsePlan(text, at);
    }
  });
});

describe('a newcomer, who copies what README says in order from a clean checkout', function () {
  this.timeout(300_000);
  let checkout: string;

  before(async () => {
    checkout = join(outFolder(), 'ordeal');
    const { stdout } = await run(['git', 'ls-files', '-z', '--cached'], { cwd: ROOT });
    for (const file of stdout.split('\0').filter(Boolean)) {
      mkdirSync(dirname(join(checkout, file)), { recursive: true });
      cpSync(join(ROOT, file), join(checkout, file));
    }
    symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(checkout, 'node_modules'));
  });
  after(() => rmSync(dirname(checkout), { recursive: true, force: true }));

  for (const { at, lang, marker, text } of commands) {
    if (marker !== undefined) continue;
    it(`${at}: ${text.split('\n')[0]}`, async () => {
      const [, command = text, output] = lang === 'console' ? (/^\$ (.*)\n([\s\S]*)$/.exec(text) ?? []) : [];
      const argv = ['bash', '-euo', 'pipefail', '-c', command];
      const ended = await tryRun(argv, { cwd: checkout, env: ownEnv(), timeoutMs: 280_000 });
      expect(ended.exitCode, `${ended.stdout}${ended.stderr}`).to.equal(0);
      if (output !== undefined) expect(`${ended.stdout.trimEnd()}\n`).to.equal(output);
    });
  }
});
