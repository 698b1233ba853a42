import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import type { OrdealError } from '../harness/errors/error.ts';
import { tryRun } from '../harness/exec/exec.ts';
import { requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import type { Verdict } from '../harness/verdict/verdict.ts';
import { allureReporter } from './allure.ts';
import { generateAllure, withoutAnalytics } from './allure-html.ts';
import { faultHistory } from './testing/history.ts';

describe('allure’s page', () => {
  it('loses the scripts that report its readers, and nothing else', () => {
    const own = '<script src="app.js"></script>\n<script>window.allure = {};</script>';
    const page = `<body>${own}<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script><script>
      function gtag(){dataLayer.push(arguments);}
      gtag('config', 'G-1');
    </script></body>`;
    expect(withoutAnalytics(page)).to.equal(`<body>${own}</body>`);
  });

  it('is not to be had without the command, and says how to get it', async () => {
    const error = await generateAllure('/', { path: '' }).catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'ALLURE_MISSING', exit: 4 });
    expect((error as OrdealError).todo).to.contain('npm install --global allure@3.18.0');
  });
});

describe('allure’s scratch folder', () => {
  it('says whose it is while allure works, for whoever cleans after a kill, and goes', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'allure-test-'));
    try {
      const work = 'mkdir "$4"; pwd >"$4/index.html"; cp owner.json "$4"';
      const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo 3.18.0; else ${work}; fi\n`;
      await writeFile(join(dir, 'allure'), script, { mode: 0o755 });
      await generateAllure(dir, { path: dir });
      const report = join(dir, 'allure-report');
      const owner = JSON.parse(await readFile(join(report, 'owner.json'), 'utf8'));
      expect(owner).to.include({ pid: process.pid });
      const scratch = (await readFile(join(report, 'index.html'), 'utf8')).trim();
      expect(basename(scratch)).to.match(/^ordeal-allure-/);
      expect(existsSync(scratch)).to.equal(false);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('allure itself, on this machine', function () {
  this.timeout(120_000);
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ordeal-allure-html-'));
  });
  afterEach(async () => await rm(dir, { recursive: true, force: true }));

  async function told(run: string, verdict: Partial<Verdict>): Promise<string> {
    const outDir = join(dir, run);
    const stdout = { write: () => true };
    const of = verdictOf({ runId: run, requirements: [requirement()], ...verdict });
    const context = { verdict: of, history: faultHistory(), timeline: () => [], outDir, env: {}, stdout };
    await allureReporter.report(context);
    return await generateAllure(outDir, { history: join(dir, 'history') });
  }

  it('has a history of two after two runs, no analytics, and says what made it', async function () {
    if ((await tryRun(['allure', '--version']).catch(() => undefined))?.exitCode !== 0) this.skip();
    await told('first', { verdict: 'fail', requirements: [requirement({ verdict: 'fail' })] });
    const said = await told('second', {});
    const [, by] = /, by allure ([23])\.\S+ \((?:Java is there|in JavaScript)/.exec(said) ?? [];
    const report = join(dir, 'second', 'allure-report');
    expect(await readFile(join(report, 'index.html'), 'utf8')).not.to.match(/googletagmanager|gtag/);
    // Of GPU-1, oldest first: in one report what came before it, and it.
    expect(await trend(by, report), said).to.deep.equal(['failed', 'passed']);
    expect(await readdir(join(dir, 'first', 'allure-results'))).not.to.include('history');
  });

  async function trend(by: string | undefined, report: string): Promise<string[]> {
    const folder = join(report, 'data', by === '2' ? 'test-cases' : 'test-results');
    const texts = (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8'));
    const all = (await Promise.all(texts)).map((text) => JSON.parse(text));
    const gpu1 = all.find(({ name }) => name.startsWith('GPU-1'));
    const before = by === '2' ? gpu1.extra.history.items : gpu1.history;
    return [...before.map(({ status }: { status: string }) => status).reverse(), gpu1.status];
  }
});
