import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseHistory } from '../harness/history/reader.ts';
import { ordeal, outFolder, startAs, verdictIn } from './testing/command.ts';
import { fill, mountSmall } from './testing/full-disk.ts';
import { nothingOf, type Traces, watchTraces } from './testing/leftovers.ts';

/** More than a run's start writes, less than its burst does. */
const ROOM_KIB = 160;
/** The caretaker that was dismissed, and the processes that the run ended, on a busy machine. */
const GONE_MS = 10_000;
const STACK = /\n\s+at .*:\d+/;

/** In this lane for the file systems: whoever mounts is root. */
describe('a run whose disk is full', function () {
  this.timeout(240_000);
  let out: string;
  let traces: Traces;
  let unmount: () => Promise<void> = async () => undefined;

  beforeEach(async () => {
    out = outFolder();
    traces = await watchTraces();
  });

  afterEach(async () => {
    await unmount();
    traces.remove();
    rmSync(out, { recursive: true, force: true });
  });

  const certify = async (folder: string) =>
    await startAs(
      { env: { ...process.env, ...traces.env } },
      ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', folder],
    ).ended;
  const left = () => traces.own().filter((line) => /^(process|file) /.test(line));
  const typesIn = (folder: string) => {
    const { events } = parseHistory(readFileSync(join(folder, 'events.jsonl'), 'utf8'), 'the run');
    return events.map(({ type }) => type);
  };

  it('where the journal is: nothing is injected, exit 4, and it is told what to do', async () => {
    const journal = join(traces.env.XDG_STATE_HOME as string, 'ordeal', 'journal');
    mkdirSync(journal, { recursive: true });
    ({ unmount } = await mountSmall(journal, 16));
    const { free } = fill(journal);
    const { code, output } = await certify(out);
    expect(code, output).to.equal(4);
    expect(output).to.match(/JOURNAL_UNWRITABLE: .*journal.*ENOSPC.*\n {2}do: make room/);
    expect(output).to.not.match(STACK);
    expect(
      typesIn(out).filter((type) => /^fault\.(injecting|injected|applied|bit)$/.test(type)),
    ).to.deep.equal([]);
    expect(verdictIn(out).verdict).to.equal('inconclusive');
    free();
    expect(readdirSync(journal)).to.deep.equal([]);
    await nothingOf(left, GONE_MS);
  });

  it('where the history is: the run is broken off and healed, exit 4, and it never passes', async () => {
    ({ unmount } = await mountSmall(out, ROOM_KIB));
    const folder = join(out, 'r');
    const { code, output } = await certify(folder);
    expect(code, output).to.equal(4);
    expect(output).to.match(/HISTORY_UNWRITABLE: .*ENOSPC.*\n {2}do: make room/);
    expect(output).to.not.match(STACK);
    expect(readdirSync(folder)).to.not.include('verdict.json');
    await nothingOf(left, GONE_MS);
    // What there is of it, judged where there is room.
    const kept = outFolder();
    try {
      cpSync(folder, kept, { recursive: true });
      expect(typesIn(kept)).to.include('fault.injected').and.not.include('run.ended');
      const report = await ordeal('report', kept);
      expect(report.code, report.output).to.equal(2);
      expect(report.output).to.match(/the run has no end/);
    } finally {
      rmSync(kept, { recursive: true, force: true });
    }
  });
});
