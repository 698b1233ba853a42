import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { OrdealError } from '../errors/error.ts';
import { readRun, runFolders } from './read.ts';
import { recordRun, startsSuite } from './testing/recorded.ts';

describe('a past run, read for a gate', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ordeal-gate-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const read = (folder = dir) => readRun(folder, async () => [startsSuite]);
  const edit = (file: string, from: string | RegExp, to: string) => {
    const path = join(dir, file);
    const text = readFileSync(path, 'utf8');
    const edited = text.replace(from, to);
    expect(edited, `${from} in ${file}`).not.to.equal(text);
    writeFileSync(path, edited);
  };
  async function unreadable(work: Promise<unknown>): Promise<OrdealError> {
    const error = await work.catch((error: unknown) => error);
    expect(error).to.be.instanceOf(OrdealError);
    expect(error).to.include({ code: 'RUN_UNREADABLE', exit: 4 });
    return error as OrdealError;
  }

  it('is judged again, and agrees with what it said', async () => {
    recordRun(dir);
    const run = await read();
    expect(run).to.deep.include({ dir, rejudged: true, contradictions: [], ownThresholds: {} });
    expect(run.verdict.verdict).to.equal('pass');
  });

  it('is what its history says, and not what its verdict says', async () => {
    recordRun(dir, { usable: [true, false] });
    const written = join(dir, 'verdict.json');
    writeFileSync(written, readFileSync(written, 'utf8').replaceAll('"fail"', '"pass"'));
    const run = await read();
    expect(run.verdict.verdict).to.equal('fail');
    expect(run.contradictions.join()).to.match(
      /^verdict\.json does not agree with its history.*: verdict \(pass, and not fail\), requirements\.0\.verdict \(pass, and not fail\)$/,
    );
  });

  it('contradicts itself where a figure, a date or a field of its verdict was changed', async () => {
    for (const [from, to] of [
      ['"samples": 3', '"samples": 3000'],
      ['"level": "standard"', '"level": "release"'],
      [/"endedAt": "\d+/, '"endedAt": "2099'],
      ['"real-kubernetes"', '"real-hardware"'],
      ['"replay"', '"note": 1, "replay"'],
      [/"reasons": .*\n/, ''],
    ] as const) {
      recordRun(join(dir, 'run'));
      const path = join(dir, 'run', 'verdict.json');
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
      expect((await read(join(dir, 'run'))).contradictions, String(from)).to.have.length(1);
      rmSync(join(dir, 'run'), { recursive: true });
    }
  });

  it('contradicts itself where its plan says another level, profile, seed or cluster than was recorded', async () => {
    recordRun(dir);
    rmSync(join(dir, 'verdict.json'));
    edit('plan.yaml', 'level: standard', 'level: release');
    edit('plan.yaml', 'seed: 1', 'seed: 2');
    edit('plan.yaml', 'profile: hardened', 'profile: as-is');
    edit('plan.yaml', 'provider: embedded', 'provider: kind');
    expect((await read()).contradictions).to.deep.equal([
      'plan.yaml has profile as-is, and its history hardened',
      'plan.yaml has level release, and its history standard',
      'plan.yaml has seed 2, and its history 1',
      'plan.yaml has cluster.provider kind, and its history embedded',
    ]);
  });

  it('contradicts itself where its plan asks for less, or breaks less, than the one it was recorded under', async () => {
    const faults = [{ kind: 'gpu/bind-delay', with: {} }];
    recordRun(dir, { plan: { suites: [{ name: 'gpu', faults }] } });
    rmSync(join(dir, 'verdict.json'));
    edit('plan.yaml', 'kind: gpu/bind-delay', 'kind: load/job-burst');
    edit('plan.yaml', 'requirements: {}', 'requirements: {GPU-1: {threshold: 1}}');
    expect((await read()).contradictions).to.deep.equal([
      'plan.yaml is not the one that was recorded: suites.0.faults.0.kind (load/job-burst, and not gpu/bind-delay), ' +
        'requirements.GPU-1 ({"threshold":1}, and not absent)',
    ]);
  });

  it('tells whether its plan has a schedule of faults of its own', async () => {
    recordRun(join(dir, 'own'), { plan: { suites: [{ faults: [{ kind: 'gpu/bind-delay' }] }] } });
    recordRun(join(dir, 'suite'));
    expect(await read(join(dir, 'own'))).to.include({ ownSchedule: true });
    expect(await read(join(dir, 'suite'))).to.include({ ownSchedule: false });
  });

  it('tells the suite’s own threshold where its plan has set another', async () => {
    recordRun(dir, { usable: [true, false], plan: { requirements: { 'GPU-1': { threshold: 1 } } } });
    const run = await read();
    expect(run.verdict.verdict).to.equal('pass');
    expect(run).to.deep.include({ contradictions: [], ownThresholds: { 'GPU-1': 0 } });
  });

  it('without a history is believed and says so; what is no verdict is not', async () => {
    recordRun(dir);
    rmSync(join(dir, 'events.jsonl'));
    const run = await read();
    expect(run).to.include({ rejudged: false });
    edit('verdict.json', '"pass"', '"splendid"');
    expect((await unreadable(read())).seen).to.match(/verdict\.json is no verdict/);
  });

  it('cannot be read without its plan, with a line of its history gone, or with a verdict that is no JSON', async () => {
    recordRun(dir);
    edit('events.jsonl', /\n.*"start".*\n/, '\n');
    expect((await unreadable(read())).seen).to.match(/events\.jsonl:7.*expected seq 6, found 7/);
    rmSync(join(dir, 'events.jsonl'));
    recordRun(dir);
    edit('verdict.json', '{', '');
    expect((await unreadable(read())).seen).to.match(/no JSON/);
    rmSync(join(dir, 'plan.yaml'));
    expect((await unreadable(read())).seen).to.match(/plan\.yaml/);
  });

  it('is found below a folder; a folder without one, or none at all, cannot be read', async () => {
    await unreadable(runFolders(dir));
    await unreadable(runFolders(join(dir, 'absent')));
    recordRun(join(dir, 'gpu', 'hardened'));
    recordRun(join(dir, 'gpu', 'incident'), { plan: { profile: 'incident' } });
    const [hardened, incident] = [join(dir, 'gpu', 'hardened'), join(dir, 'gpu', 'incident')];
    expect(await runFolders(dir)).to.deep.equal([hardened, incident]);
    expect(await runFolders(incident)).to.deep.equal([incident]);
  });
});
