import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { outFolder, verdictIn } from './testing/command.ts';
import { readAction, runAction } from './testing/composite-action.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, '.github', 'actions', 'ordeal');
const EXAMPLES = join(ROOT, '.github', 'examples', 'github');

/** As little as one worker shows in some seconds; judged by what cannot go wrong where another load has the processors. */
const PLAN = `
level: smoke
cluster: { workers: 1 }
suites:
  - name: gpu
    settings: { starts: 4, replicas: 4, hold: 200 }
    faults: [{ kind: gpu/bind-delay, with: { startLatencies: 1.5 } }, { kind: load/job-burst }]
requirements:
  GPU-3: { skip: not looked at }
  GPU-4: { skip: not looked at }
  GPU-6: { skip: not looked at }
  GPU-7: { skip: not looked at }
`;
const POLICY =
  'evidence: modelled\nlevel: smoke\nmaxAge: 1d\nfaults: [gpu/bind-delay]\nrequirements: { GPU-1: }\n';

describe('the action', () => {
  const { inputs, outputs, runs } = readAction(FOLDER);

  it('puts no expression into a script, and pins what it uses by its commit', () => {
    for (const { run, uses } of runs.steps) {
      expect(run ?? '').not.to.include('${{');
      if (uses) expect(uses).to.match(/^actions\/[\w-]+@[0-9a-f]{40}$/);
    }
  });

  it('has every input and output that the examples and this project’s workflows use', () => {
    const folders = [EXAMPLES, join(ROOT, '.github', 'workflows')];
    const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    const jobs = files.flatMap((file) => Object.values(parse(readFileSync(file, 'utf8')).jobs ?? {}));
    const steps = jobs.flatMap(
      (job) => (job as { steps: { id?: string; uses?: string; with?: object }[] }).steps,
    );
    const uses = steps.filter((step) => step.uses?.includes('/actions/ordeal'));
    expect(uses).to.have.length(4);
    for (const step of uses) expect(Object.keys(inputs)).to.include.members(Object.keys(step.with ?? {}));
    const read = JSON.stringify(steps).matchAll(/steps\.ordeal\.outputs\.([\w-]+)/g);
    expect(Object.keys(outputs)).to.include.members([...read].map(([, name]) => name));
  });
});

describe('the action, run', function () {
  this.timeout(120_000);
  let workspace: string;
  beforeEach(() => {
    workspace = outFolder();
    writeFileSync(join(workspace, 'plan.yaml'), PLAN);
    writeFileSync(join(workspace, 'gate.yaml'), POLICY);
  });
  afterEach(() => rmSync(workspace, { recursive: true, force: true }));

  const action = (inputs: Record<string, string>, more: object = {}) =>
    runAction({ folder: FOLDER, workspace, inputs, ...more });
  const report = () => join(workspace, 'ordeal-out', 'action');

  it('certifies, opens the gate, and hands over what the run left', async () => {
    const run = await action({ plan: 'plan.yaml', profile: 'hardened', policy: 'gate.yaml' });
    expect(run.outputs, run.log).to.deep.equal({
      verdict: 'certified',
      gate: 'open',
      'exit-code': '0',
      report: report(),
    });
    expect(run.code).to.equal(0);
    expect(verdictIn(report())).to.include({ verdict: 'pass', profile: 'hardened', level: 'smoke' });
    expect(run.summary).to.match(/^## CERTIFIED: profile hardened$/m);
    expect(run.summary).to.match(/^### Gate\n {4}.*Open: 1 requirement proven/ms);
    expect(run.used.map((each) => each.uses.split('@')[0])).to.deep.equal([
      'actions/setup-node',
      'actions/upload-artifact',
    ]);
    expect(run.used[1]?.with).to.deep.include({ name: 'ordeal', path: report() });
  });

  it('refuses, and still hands over what the run left', async () => {
    const run = await action({ plan: 'plan.yaml', profile: 'incident', out: 'out', artifact: 'mine' });
    expect(run.outputs, run.log).to.deep.equal({
      verdict: 'refused',
      gate: 'none',
      'exit-code': '1',
      report: join(workspace, 'out'),
    });
    expect(run.code).to.equal(1);
    expect(run.summary).to.match(/^## REFUSED: profile incident$/m);
    expect(run.used[1]?.with).to.deep.include({ name: 'mine', path: join(workspace, 'out') });
  });

  it('comes to no verdict and asks no gate where the plan is wrong, and runs nothing that an input says', async () => {
    const suite = 'gpu $(touch\tran) `touch\tran`; touch ran';
    const out = 'out\nverdict=certified\nexit-code=0';
    const run = await action({ suite, out, profile: '$(touch ran)', policy: 'gate.yaml' });
    expect(run.outputs, run.log).to.include({ verdict: 'none', gate: 'none', 'exit-code': '3' });
    expect(run.code).to.equal(3);
    expect(run.summary).to.match(/No verdict.*exit code 3/);
    expect(existsSync(join(workspace, 'ran'))).to.equal(false);
  });

  it('has the run heal and end where its job is cancelled', async () => {
    const run = await action(
      { plan: 'plan.yaml', profile: 'incident' },
      {
        onShell(shell: import('node:child_process').ChildProcess, step: string) {
          // The runner signals the shell alone, and not what it has started.
          if (step === 'Run') shell.stderr?.once('data', () => shell.kill('SIGINT'));
        },
      },
    );
    expect(run.outputs, run.log).to.include({ verdict: 'none', 'exit-code': '130' });
    expect(run.log).to.match(/SIGTERM: healing and tearing down/);
    expect(run.code).to.equal(130);
  });

  it('installs what it needs where it was only checked out', async () => {
    const folder = join(workspace, 'checkout', '.github', 'actions', 'ordeal');
    const bin = join(workspace, 'bin');
    for (const made of [folder, bin]) mkdirSync(made, { recursive: true });
    symlinkSync(join(FOLDER, 'action.yml'), join(folder, 'action.yml'));
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "npm $*"\nexit 7\n', { mode: 0o755 });
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
    const run = await runAction({ folder, workspace, inputs: {}, env });
    expect(run.log).to.equal(`npm ci --omit=dev --prefix ${folder}/../../..\n`);
    expect(run.code).to.equal(7);
    expect(run.used).to.have.length(1);
  });
});
